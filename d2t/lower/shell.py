"""Shell text, read carefully enough to say where bash in a login shell would do something else than Docker's shell.

The answers err on one side: what is not understood counts as different. A command that counts as different is wrapped,
which is always right; one that does not is sent as the Dockerfile has it.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from d2t.lower.forms import Form, occurs
from d2t.patterns import deferred
from d2t.rules.daemons import is_daemon

# What bash does otherwise than dash or busybox ash. In `_BARE` quoted text is blanked out; `_ACTIVE` keeps what stands in
# double quotes; `_RAW` is the whole text.
_BARE = (
    Form(("[[",), r"\[\["),
    Form(("==",), r"(?<!\[)\[ [^\]]*=="),
    Form(("==",), r"\btest\b[^;&|\n]*=="),
    Form(("-v",), r"(?:\[|\btest)\s[^\]]*-v\s"),
    Form(("-a",), r"(?:\[|\btest)\s+-a\s"),
    Form(("-nt", "-ot", "-ef"), r"\s-(?:nt|ot|ef)\s"),
    Form(("-v",), r"\bprintf\s+-v"),
    Form(("-n",), r"\bexport\s+-n"),
    Form(("-",), r"\bcd\s+-(?=[\s;&|)]|$)"),
    Form(("CDPATH",), r"CDPATH"),
    Form((". ", ".\t"), r"(?:^|[;&|({\s])\.[ \t]+[^;&|\n]*\|\|"),  # a file that is missing ends dash
    Form((". ", ".\t"), r"(?:^|[;&|({\s])\.[ \t]+[^\s;&|]+[ \t]+[^\s;&|<>)]"),  # dash passes no arguments
    Form(
        (". ", ".\t", ".\n", ".\r"), r"(?:^|[;&|({\s])\.[ \t\n\r]+[^\s/;&|]+(?=[\s;&|]|$)"
    ),  # bash also looks in the current folder
    Form(("<(", ">("), r"[<>]\("),
    Form(("&>",), r"&>"),
    Form(("|&",), r"\|&"),
    Form(("<<<",), r"<<<"),
    Form(("<<",), r"<<-?\s*[^\s'\"\\<]"),  # its content is expanded
    Form(("{",), r"\{[^{}\s]*(?:,|\.\.)[^{}]*\}"),
    Form(("?(", "*(", "+(", "@(", "!("), r"[?*+@!]\("),
    Form(("=(",), r"\b\w+\+?=\("),
    Form(("+=",), r"\b\w+\+="),
    Form(("[^",), r"\[\^"),
    Form(("~+", "~-"), r"(?:^|\s)~[+-]"),
    Form(("ID=", "OPTS="), r"(?:^|[\s;&|(])(?:UID|EUID|PPID|SHELLOPTS|BASHOPTS)="),
    Form(("{",), r"\)\s*\{"),  # a function
    Form((">&",), r">&\s*[^\s\d&-]"),
    Form((";;&", ";&"), r";;&|;&"),
    Form(("export", "readonly"), r"(?:export|readonly)\b[^;&|\n]*=[^;&|\n]*[$`]"),  # dash splits the words
    Form(("!",), r"(?:^|[\s;&|])!(?=\S)"),
    Form(("**",), r"\*\*"),
    Form(("!",), r"!\s+!"),
)
_BUILTINS = (
    "source type local declare typeset let shopt pushd popd dirs read mapfile readarray trap ulimit umask wait kill select "
    "function time coproc disown enable help history caller compgen complete exec eval shift return alias unalias hash "
    "bind builtin env printenv set"
).split()
_BUILTIN = deferred(
    r"(?:^|[;&|({]|\b(?:then|do|else|elif|if|while|until)\b)\s*"
    rf"(?:{'|'.join(_BUILTINS)})(?=\s|$|;)"
)  # in `_BARE`'s text, where one of them is a word
_ACTIVE = (
    Form(("$(<",), r"\$\(<"),
    Form(("$((", "$[", "(("), r"\$\(\(|\$\[|\(\("),
    Form(("${!",), r"\$\{!"),
    Form(("${",), r"\$\{\w+(?:\^|,|:\s*\d|:\s*\$|/|@|\[)"),
    Form(
        ("$",),
        r"\$\{?(?:RANDOM|UID|EUID|SECONDS|LINENO|HOSTNAME|HOSTTYPE|OSTYPE|MACHTYPE|PPID|GROUPS|DIRSTACK|FUNCNAME|PIPESTATUS|"
        r"SHLVL|SHELL|SHELLOPTS|REPLY|COLUMNS|LINES|EPOCHSECONDS|EPOCHREALTIME|USER|LOGNAME|PS1|PS2|PS4|IFS|OLDPWD|COMP_\w+|"
        r"BASH\w*|E2B_\w+)\b",
    ),
    Form(("$",), r"\$\{?[0_-](?!\w)"),
)
_RAW = (
    Form(("$'",), r"\$'"),
    Form(("printf",), r"\bprintf\b[^;&|]*(?:\\[xuUeE]|%q|%\()"),
    Form(('$"',), r"\$\""),
    Form(("echo",), r"\becho\b\s+-\w*[eE]"),
    Form(("\\",), r"\becho\b[^;&|]*\\"),
)
_ADDED = (Form(("$",), r"\$\{?(?:USER|LOGNAME|SHELL|SHLVL|PS1|OLDPWD|E2B_\w+)\b"),)
_SET_E = (Form(("set",), r"\bset\s+-\w*e|\bset\s+-o\s+errexit"),)
_BACKGROUND = (Form(("&",), r"(?<![&<>\d|])&(?![&>\d])|(?<=\d)(?<!>\d)&(?![&>\d])"),)
_DIALECT_NEUTRAL = deferred(r"\bset\s+-[eux]+(?=\s*(?:;|&&|\n))")  # `set -eux;` means the same everywhere


class Traits(NamedTuple):
    """What a shell text does that matters to the service."""

    bash_differs: bool  # /bin/sh and bash may not do the same
    may_read_input: bool  # a command may read standard input
    leaves_processes: bool  # a background process may outlive the command
    daemons: tuple[str, ...]  # commands that start a daemon, as written
    words: frozenset[str]  # every name-like word, for "is it mentioned?"
    sees_environment: bool  # it looks at variables that the service adds, or at all of them
    inert: bool  # only commands that no variable of the environment changes


@lru_cache(maxsize=4096)
def traits(text: str) -> Traits:
    """Read a shell text."""
    if "<<" in text:
        text = _without_documents(text)
    bare, active = _blank(text, keep_double=False), _blank(text, keep_double=True)
    simple = list(_commands(bare, text))
    words = frozenset(_WORD.findall(text))
    return Traits(
        bash_differs=_bash_differs(text, bare, active, words),
        may_read_input=any(sign in text for sign in _READS)
        or any(command.first_in_pipe and command.may_read() for command in simple),
        leaves_processes=bare.count("&") != 2 * bare.count("&&") and occurs(_BACKGROUND, bare),
        daemons=tuple(command.text for command in simple if command.is_daemon()),
        words=words,
        sees_environment=occurs(_ADDED, active) or any(command.lists_variables() for command in simple),
        inert=all(command.name in _INERT for command in simple),
    )


def _bash_differs(text: str, bare: str, active: str, words: frozenset[str]) -> bool:
    neutral = _DIALECT_NEUTRAL.sub("", bare) if "set" in words else bare
    return (
        occurs(_BARE, neutral)
        or (not words.isdisjoint(_BUILTINS) and _BUILTIN.search(neutral) is not None)
        or occurs(_ACTIVE, active)
        or occurs(_RAW, text)
        or ("$(" in active and occurs(_SET_E, bare))
        or "`" in active  # an error inside ends dash, not bash
    )


_WORD = deferred(r"[A-Za-z_]\w*")
_DOCUMENT = deferred(r"<<(-?)\s*(?:'([^'\n]+)'|\"([^\"\n]+)\")[^\n]*\n")


def _without_documents(text: str) -> str:
    """The text without the content of heredocs whose name is quoted: it is data to any shell."""
    position = 0
    while match := _DOCUMENT.search(text, position):
        name, tabs = re.escape(match[2] or match[3]), r"\t*" if match[1] else ""
        end = re.compile(rf"^{tabs}{name}$", re.MULTILINE).search(text, match.end())
        if end is None:
            return text
        content = text[match.end() : end.end()]
        text = text[: match.end()] + re.sub(r"[^\n]", " ", content) + text[end.end() :]
        position = match.end()
    return text


def tidy(text: str) -> str:
    """One line without the blanks that a continued line leaves: outside quotes they say nothing."""
    if "\n" in text or ("  " not in text and "\t" not in text):
        return text
    bare = _blank(text, keep_double=False)
    out, last = [], 0
    for match in _BLANKS.finditer(bare):
        out.append(text[last : match.start()] + " ")
        last = match.end()
    return "".join(out) + text[last:]


_BLANKS = deferred(r"[ \t]*\t[ \t]*| {2,}")


_QUOTED = deferred(
    r"""\\.                       # an escaped character
    | '[^']*(?:'|\Z)              # single quotes
    | "(?:\\.|[^"\\])*(?:"|\\?\Z) # double quotes
    | (?:^|(?<=[\s;&|(]))\#[^\n]* # a comment
    """,
    re.VERBOSE | re.DOTALL,
)
_NOT_NEWLINE = deferred(r"[^\n]")
_ESCAPED = deferred(r"\\.", re.DOTALL)


@lru_cache(maxsize=1024)
def _blank(text: str, keep_double: bool) -> str:
    """The text, as long as it is, with quoted characters replaced by `x`, so that only syntax is left."""

    def replaced(match: re.Match[str]) -> str:
        found = match[0]
        if found[0] == "#":
            return " " * len(found)
        if found[0] == "\\":
            return "x" * len(found)
        if found[0] == '"' and keep_double:
            return _ESCAPED.sub("xx", found)
        if len(found) < 2:
            return found
        end = found[-1] if found[-1] == found[0] else "x"
        return found[0] + _NOT_NEWLINE.sub("x", found[1:-1]) + end

    return _QUOTED.sub(replaced, text)


class _Command(NamedTuple):
    """One simple command."""

    name: str
    args: tuple[str, ...]
    text: str
    first_in_pipe: bool
    redirected: bool  # its standard input is a file

    def may_read(self) -> bool:
        if self.redirected:
            return False
        check = _READERS.get(self.name)
        if check is not None:
            return bool(check(self.args))
        return self.name not in _NEVER_READ

    def lists_variables(self) -> bool:
        if self.name in ("env", "printenv"):
            return True
        return self.name in ("set", "export", "declare") and self.args in ((), ("-p",), ("-x",))

    def is_daemon(self) -> bool:
        return is_daemon((self.name, *self.args))


_READS = (
    "/dev/stdin",
    "/dev/fd/0",
    "STDIN",
    "sys.stdin",
    "input(",
)  # a program that is given on the command line may read, too
_KEYWORDS = frozenset("if then else elif fi do done while until { } ! ( ) time exec sudo nohup".split())
_ASSIGNMENT = deferred(r"[A-Za-z_]\w*\+?=")
_DUPLICATED = deferred(r"\d?>&\d|&>>?|>&-|<&-")  # not the operator `&`
_REDIRECTION = deferred(r"\d*(?:>>?|<)\s*\S+")
_FROM_FILE = deferred(r"(?<!<)<(?![<(])")
_OPERATOR = deferred(r"(\|\||&&|;;|\|&|[;&|\n()])")


def _commands(bare: str, text: str) -> Iterator[_Command]:
    """The simple commands of a text whose quotes are blanked out (`bare` and `text` have the same length)."""
    position, piped = 0, False
    if ">&" in bare or "&>" in bare or "<&" in bare:
        bare = _DUPLICATED.sub(lambda match: " " * len(match.group()), bare)
    for match in [*_OPERATOR.finditer(bare), None]:
        end = match.start() if match else len(bare)
        part = bare[position:end]
        command = _simple(part, text[position:end] if len(bare) == len(text) else part, piped)
        if command is not None:
            yield command
        operator = match.group() if match else ""
        if operator in ("|", "|&"):
            piped = True
        elif operator != "(" and (command is not None or operator in (";", "&&", "||")):
            piped = False
        position = match.end() if match else end


def _simple(part: str, text: str, piped: bool) -> _Command | None:
    redirected = "<" in part and _FROM_FILE.search(part) is not None
    words = (_REDIRECTION.sub(" ", part) if ">" in part or "<" in part else part).split()
    while words and (words[0] in _KEYWORDS or _ASSIGNMENT.match(words[0])):
        words.pop(0)
    if not words or words[0] in ("for", "case", "esac", "in"):
        return None
    if words[0] in ("env", "command", "xargs") and len(words) > 1:
        words = [words[0], *words[1:]]
    if words[0] == "do" or words[0].endswith(")"):
        return None
    return _Command(words[0].strip("'\""), tuple(words[1:]), text.strip(), not piped, redirected)


def _options(args: tuple[str, ...]) -> list[str]:
    return [arg for arg in args if not arg.startswith("-")]


def _needs_yes(args: tuple[str, ...]) -> bool:
    asks = any(
        arg in ("install", "upgrade", "dist-upgrade", "remove", "purge", "autoremove", "full-upgrade", "build-dep")
        for arg in args
    )
    answered = any(re.match(r"-\w*[yq]|--yes|--assume-yes|--assumeyes|--noconfirm", arg) for arg in args)
    return asks and not answered


def _without_file(count: int):  # type: ignore[no-untyped-def]
    """A reader that takes input when fewer than `count` words that are no options follow."""
    return lambda args: len(_options(args)) < count or "-" in args


def _interpreter(args: tuple[str, ...]) -> bool:
    """An interpreter reads its program from the input unless it is given one; a program may read, too."""
    return not any(re.match(r"-\w*[cmeV]$|--version|--eval|--help", arg) for arg in args)


def _asks(args: tuple[str, ...]) -> bool:
    return any(re.match(r"-[a-zA-Z]*i|--interactive", arg) for arg in args)


def _init(args: tuple[str, ...]) -> bool:
    return args[:1] == ("init",) and not any(re.match(r"-\w*[yn]|--yes|--no-interaction", arg) for arg in args)


def _uninstall(args: tuple[str, ...]) -> bool:
    return args[:1] == ("uninstall",) and not any(arg in ("-y", "--yes") for arg in args)


_READERS = {
    "rm": _asks,
    "cp": _asks,
    "mv": _asks,
    "ln": _asks,
    "pip": _uninstall,
    "pip3": _uninstall,
    "npm": _init,
    "yarn": _init,
    "pnpm": _init,
    "poetry": _init,
    "git": lambda args: (args[:1] in (("am",), ("apply",)) and len(args) == 1) or "--stdin" in args,
    "make": lambda args: "-" in args or "menuconfig" in args,
    "diff": lambda args: "-" in args,
    "cmp": lambda args: "-" in args,
    "update-alternatives": lambda args: "--config" in args,
    "command": lambda args: not args or not args[0].startswith("-"),
    "apt-get": _needs_yes,
    "apt": _needs_yes,
    "yum": _needs_yes,
    "dnf": _needs_yes,
    "microdnf": _needs_yes,
    "conda": lambda args: (
        bool(args)
        and args[0] in ("install", "create", "update", "remove", "env")
        and "-y" not in args
        and "--yes" not in args
        and args[:2] not in (("env", "create"), ("env", "update"))
    ),
    "mamba": lambda args: "-y" not in args and "--yes" not in args,
    "micromamba": lambda args: "-y" not in args and "--yes" not in args,
    "cat": _without_file(1),
    "head": _without_file(1),
    "tail": _without_file(1),
    "sort": _without_file(1),
    "wc": _without_file(1),
    "grep": _without_file(2),
    "egrep": _without_file(2),
    "sed": _without_file(2),
    "awk": _without_file(2),
    "tar": lambda args: not any(re.match(r"-?\w*f", arg) or arg.startswith("--file") for arg in args) or "-" in args,
    "sha256sum": _without_file(1),
    "sha512sum": _without_file(1),
    "md5sum": _without_file(1),
    "gunzip": _without_file(1),
    "gzip": _without_file(1),
    "bunzip2": _without_file(1),
    "xz": _without_file(1),
    "zstd": _without_file(1),
    "unzip": lambda args: not any(re.match(r"-\w*[oqnl]", arg) for arg in args),
    "adduser": lambda args: (
        not any(
            arg in ("--system", "-D", "-S") or arg.startswith("--gecos") or re.match(r"-\w*[DS]", arg) for arg in args
        )
    ),
    "python": _interpreter,
    "python3": _interpreter,
    "perl": _interpreter,
    "ruby": _interpreter,
    "Rscript": _interpreter,
    "gpg": lambda args: (
        not any(arg in ("--batch", "--recv-keys", "--keyserver", "--import", "--verify", "--version") for arg in args)
    ),
    "env": lambda args: any("=" not in arg and not arg.startswith("-") for arg in args),
    "xargs": lambda args: True,
    "su": lambda args: True,
    "sudo": lambda args: True,
}

# commands whose work no variable of the environment changes (PATH, HOME and the locale aside)
_INERT = frozenset(
    "mkdir rm rmdir ln cp mv chmod chown chgrp useradd usermod groupadd userdel groupdel addgroup adduser deluser delgroup touch ls echo "
    "true false : test [ [[ . cd which command sleep date id whoami pwd uname basename dirname readlink realpath stat du df "
    "sync cat head tail sort wc tr cut tee install ldconfig setcap chsh passwd chpasswd apt-get apt apk dnf yum microdnf "
    "update-ca-certificates".split()
)
_FILTERS = frozenset("tr cut tee passwd chpasswd".split())  # inert, but fed by standard input
_NEVER_READ = (_INERT - _FILTERS) | frozenset(
    "pip pip2 pip3 npm npx yarn pnpm bun corepack cargo go gem bundle composer git curl wget printf export unset set find make cmake ninja meson ./configure "
    "configure locale-gen update-alternatives hostname dpkg rpm strip mvn gradle ./gradlew ./mvnw javac uv poetry pipx pipenv rake "
    "dotnet nuget swift mix playwright jupyter a2enmod a2dismod a2ensite a2dissite docker-php-ext-install docker-php-ext-enable "
    "docker-php-ext-configure file arch nproc getent getconf exit return break continue shift umask ulimit wait kill hash "
    "gcc g++ cc c++ clang clang++ ld ar javac rustc rustup-init add-apt-repository dpkg-reconfigure apt-key apt-cache apt-mark apk "
    "service pip3.11 pip3.12 python3.11 groupmod nginx redis-cli tree diff cmp seq expr logger lsb_release".split()
)
INFLUENTIAL = deferred(
    r"(?i)^(?:debian_frontend|debconf_\w+|apt_\w+|dpkg_\w+|\w*_proxy|tz|lang|lc_\w+|language|path|home|umask|apk_\w+)$"
)
