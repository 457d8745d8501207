"""What a RUN leaves in the file system, as far as its text tells: paths that are surely written, removed, or get a mode.

What is not understood gives nothing: a rule that builds on this misses some files, and names none that is not there.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from d2t.patterns import deferred
from d2t.plan.build import RunStep
from d2t.plan.paths import clean

_HEREDOC = deferred(r"<<-?\s*(['\"]?)([A-Za-z_]\w*)\1")
_TOKEN = deferred(
    r"""(?P<word>(?:'[^']*'|"(?:\\.|[^"\\])*"|\$\((?:[^()]|\([^()]*\))*\)|\\.|[^\s'"\\;&|()<>])+)"""
    r"|(?P<redirect>(?:\d|&)?>>?\|?|\d?<)(?!&)"
    r"|(?P<operator>\n|&&|\|\||;;|[;&|()])"
    r"|(?P<skip>[ \t\r]+|\\\n|\d?>&\S*|.)",
    re.DOTALL,
)
_QUOTES = deferred(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)""", re.DOTALL)
_VARIABLE = deferred(r"\$(?:(\w+)|\{(\w+)\})")
_KEYWORDS = frozenset("if then else elif while until do ! { time sudo exec nohup command env".split())
_ASSIGNMENT = deferred(r"[A-Za-z_]\w*=")
_URL_NAME = deferred(r"[a-z]+://[^?#]*/([^/?#]+)(?:[?#].*)?\Z")


class Effect(NamedTuple):
    """One path that a command writes, removes or changes the mode of. `path` is absolute and may hold `*` and `?`."""

    kind: str  # "write", "remove" or "mode"
    path: str
    token: str  # as the Dockerfile writes it
    mode: str = ""  # of "mode": what chmod is given


class Command(NamedTuple):
    """One simple command: its words without quotes, and the files that its output goes to."""

    words: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    joined: str = ""  # the operator in front of it


@lru_cache(maxsize=512)
def commands(text: str) -> tuple[Command, ...]:
    """The simple commands of a shell text, in order, whatever decides whether they run."""
    return tuple(_commands(_without_heredocs(text)))


def _without_heredocs(text: str) -> str:
    if "<<" not in text:
        return text
    kept: list[str] = []
    ends: list[str] = []
    for line in text.split("\n"):
        if ends:
            if line.lstrip("\t").rstrip("\r") == ends[0]:
                ends.pop(0)
            continue
        kept.append(_HEREDOC.sub(" ", line))
        ends = [match[2] for match in _HEREDOC.finditer(line)]
    return "\n".join(kept)


def _commands(text: str) -> Iterator[Command]:
    words: list[str] = []
    outputs: list[str] = []
    joined, target = "", ""
    comment = False
    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup, match.group()
        if comment:
            comment = not (kind == "operator" and token == "\n")
            if comment:
                continue
        if kind == "word":
            if token.startswith("#"):
                comment = True
            elif target:
                if ">" in target:
                    outputs.append(_plain(token))
                target = ""
            else:
                words.append(_plain(token))
        elif kind == "redirect":
            target = token
        elif kind == "operator":
            if words or outputs:
                yield Command(tuple(words), tuple(outputs), joined)
                joined = ""
            words, outputs, target = [], [], ""
            joined = token if token != "\n" or not joined else joined
    if words or outputs:
        yield Command(tuple(words), tuple(outputs), joined)


def _plain(word: str) -> str:
    """A word without its quotes."""
    if "'" not in word and '"' not in word and "\\" not in word:
        return word
    return _QUOTES.sub(
        lambda match: match[1] if match[1] is not None else (match[2] if match[2] is not None else match[3]), word
    )


def script(step: RunStep) -> str:
    """The shell text of a RUN; "" where no shell of the POSIX kind reads one."""
    if not step.shell_form or step.script or not step.argv:
        return ""
    return step.argv[-1] if step.argv[0].endswith("sh") else ""


def effects(step: RunStep) -> Iterator[Effect]:
    """What a RUN writes and removes, in order."""
    folder = step.workdir
    text = script(step)
    for command in commands(text) if text else (Command(step.argv),) if not step.shell_form else ():
        words = list(command.words)
        while words and (words[0] in _KEYWORDS or _ASSIGNMENT.match(words[0])):
            words.pop(0)
        for token in command.outputs:
            yield from _at("write", [token], folder, step)
        if not words:
            continue
        name, args = words[0].rsplit("/", 1)[-1], words[1:]
        if name in ("cd", "pushd"):
            folder = _absolute(args[0], folder, step) if args else ""
            continue
        yield from _of_command(name, args, folder, step)


def _at(kind: str, tokens: list[str], folder: str, step: RunStep, mode: str = "") -> Iterator[Effect]:
    for token in tokens:
        if path := _absolute(token, folder, step):
            yield Effect(kind, path, token, mode)


def _absolute(token: str, folder: str, step: RunStep) -> str:
    """The absolute path that a word means; "" where that is not known."""
    text = _VARIABLE.sub(lambda match: step.env.get(match[1] or match[2], match[0]), token)
    if text.startswith("~"):
        return ""
    if "$" in text.split("/", 2)[1 if text.startswith("/") else 0] or "`" in text:
        return ""
    if not text.startswith("/"):
        if not folder or text.startswith("-"):
            return ""
        text = f"{folder}/{text}"
    return clean(text)


def _split(args: list[str], valued: str) -> tuple[list[str], dict[str, str]]:
    """Words and options; letters of `valued` take the next word, long options theirs by `=`."""
    words: list[str] = []
    options: dict[str, str] = {}
    pending = ""
    for arg in args:
        if pending:
            options[pending], pending = arg, ""
        elif arg.startswith("--"):
            name, _, value = arg[2:].partition("=")
            options[name] = value
        elif arg.startswith("-") and len(arg) > 1:
            for index, letter in enumerate(arg[1:], 1):
                options[letter] = arg[index + 1 :]
                if letter in valued:
                    pending = letter if not arg[index + 1 :] else ""
                    break
        else:
            words.append(arg)
    return words, options


def _of_command(name: str, args: list[str], folder: str, step: RunStep) -> Iterator[Effect]:
    match name:
        case "rm" | "rmdir" | "unlink":
            yield from _at("remove", _split(args, "")[0], folder, step)
        case "mkdir":
            words, options = _split(args, "mZ")
            yield from _at("write", words, folder, step)
            if mode := options.get("m") or options.get("mode"):
                yield from _at("mode", words, folder, step, mode)
        case "touch" | "tee" | "mkfifo" | "truncate":
            yield from _at("write", _split(args, "rdts")[0], folder, step)
        case "cp" | "mv" | "ln" | "install":
            words, options = _split(args, "tmogS" if name == "install" else "tS")
            if name == "install" and "d" in options:
                sources, targets = [], words
            elif target := options.get("t") or options.get("target-directory"):
                sources, targets = words, [target]
            else:
                sources, targets = words[:-1], words[-1:] if len(words) > 1 else []
            yield from _at("write", targets, folder, step)
            if name == "mv":
                yield from _at("remove", sources, folder, step)
            if name == "install" and (mode := options.get("m") or options.get("mode")):
                yield from _at("mode", targets, folder, step, mode)
        case "chmod":
            words, _ = _split([arg for arg in args if not re.match(r"-[rwxXst]", arg)], "")
            modes = [arg for arg in args if re.match(r"-[rwxXst]", arg)] or words[:1]
            files = words if modes and modes[0].startswith("-") else words[1:]
            for mode in modes[:1]:
                yield from _at("mode", files, folder, step, mode)
        case "curl":
            words, options = _split(args, "oHXdbcATuemKwxyYzEFPQtC")
            if target := options.get("o") or options.get("output"):
                yield from _at("write", [target], folder, step)
            elif "O" in options or "remote-name" in options:
                yield from _at("write", _names(words), folder, step)
        case "wget":
            words, options = _split(args, "OPoaeUtTQi")
            target = options.get("O") or options.get("output-document")
            if target:
                yield from _at("write", [target] if target != "-" else [], folder, step)
            elif "spider" not in options:
                into = options.get("P") or options.get("directory-prefix")
                yield from _at("write", [f"{into}/{one}" if into else one for one in _names(words)], folder, step)
        case "git":
            if args[:1] == ["clone"]:
                words, _ = _split(_without_values(args[1:], ("--depth", "--branch", "--config")), "bco")
                if len(words) == 2:
                    yield from _at("write", words[1:], folder, step)
                elif len(words) == 1:
                    base = words[0].rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")
                    yield from _at("write", [base], folder, step)
        case "unzip":
            _, options = _split(args, "d")
            if target := options.get("d"):
                yield from _at("write", [target], folder, step)
        case "dd":
            yield from _at("write", [arg[3:] for arg in args if arg.startswith("of=")], folder, step)
        case "find":
            roots = args[: next((index for index, arg in enumerate(args) if arg.startswith("-")), 0)]
            if "-delete" in args or "rm" in args:
                yield from _at("remove", [f"{root}/*" for root in roots], folder, step)


def _names(urls: list[str]) -> list[str]:
    """The file names that a download of these URLs gives."""
    return [match[1] for url in urls if (match := _URL_NAME.match(url))]


def _without_values(args: list[str], options: tuple[str, ...]) -> list[str]:
    return [arg for index, arg in enumerate(args) if not (arg in options or (index and args[index - 1] in options))]
