"""What a single command of a check waits for, where a ready helper of the E2B SDK says the same.

What the helpers run (E2B SDK, template/readycmd.py): `wait_for_url` a curl without options whose status must be 200,
`wait_for_port` an `ss` that lists listening TCP and UDP sockets of any address, `wait_for_process` `pgrep NAME` (a
regular expression on the first 15 characters of a command's name), `wait_for_file` `[ -f PATH ]`, `wait_for_timeout` a
`sleep` of whole seconds, at least one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from d2t.patterns import deferred
from d2t.ready.outcome import Verdict, deciding
from d2t.ready.requests import curl_url, is_local, is_port, wget_url
from d2t.ready.script import Command, Redirect, is_quiet, parse
from d2t.ready.words import Expand, NotUnderstoodError, Word
from d2t.template import Ready, WaitForFile, WaitForPort, WaitForProcess, WaitForTimeout, WaitForUrl

DEV_TCP = "/dev/tcp"
COMM_LENGTH = 15  # Linux TASK_COMM_LEN less its end: what pgrep sees of a name
_SHELLS = frozenset({"sh", "ash", "dash", "bash"})
_BIN = deferred(r"/(?:usr/(?:local/)?)?s?bin/([A-Za-z0-9._\[-]+)")
_SHELL_FLAGS = deferred(
    r"(-[elux]+ |-[elux]*o (pipefail|errexit|nounset) )*-[elux]*(c|o (pipefail|errexit|nounset) -c)"
)
_NC_FLAGS = deferred(r"-(?:[nvz]*w(?P<seconds>[0-9]+)?|[nvz]+)")
_DEV_TCP = deferred(r"/dev/tcp/([^/]+)/([0-9]+)")
_SLEEP = deferred(r"([0-9]{1,9})([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell that runs a script. The default is none: a command of the exec form."""

    name: str = ""
    errexit: bool = False

    @property
    def bash(self) -> bool:
        return self.name == "bash"


@dataclass(frozen=True, slots=True)
class Probe:
    """What a check waits for, the tool that it asks with, and the shell that the tool runs in."""

    ready: Ready
    tool: str
    shell: Shell


def shell_of(argv: Sequence[str]) -> Shell | None:
    """The shell behind a SHELL instruction, `("/bin/bash", "-eo", "pipefail", "-c")`; None when it is not known."""
    if not argv or (name := program(argv[0])) not in _SHELLS or not _SHELL_FLAGS.fullmatch(" ".join(argv[1:])):
        return None
    return Shell(name, any(re.fullmatch(r"-\w*e\w*|errexit", option) for option in argv[1:]))


def program(word: str) -> str:
    """The name of a program, without the directory of the system that it is in."""
    found = _BIN.fullmatch(word)
    return found[1] if found else word


def probe_script(text: str, expand: Expand, shell: Shell) -> Probe | Verdict:
    """What a shell script waits for: the helper that succeeds exactly when it does. ALWAYS or NEVER when no command decides.

    Raises NotUnderstoodError.
    """
    command, verdict = deciding(parse(text, expand, bash=shell.bash), errexit=shell.errexit)
    if verdict is not Verdict.SAME or command is None:
        return verdict
    return probe_command(command, expand, shell)


def probe_command(command: Command, expand: Expand, shell: Shell) -> Probe | Verdict:
    """The same for one command, with the shell around it."""
    words = list(command.words)
    if any(word.status for word in words):
        raise NotUnderstoodError("it looks at the status of a command")
    loud = [redirect for redirect in command.redirects if not is_quiet(redirect)]
    if loud:
        return Probe(_port_of_redirect(words, loud), DEV_TCP, shell)
    if not words:
        raise NotUnderstoodError("it holds no command")
    name, arguments = program(words[0].text), words[1:]
    limited = False
    while name == "timeout":
        arguments = _without_limit(arguments)
        name, arguments, limited = program(arguments[0].text), arguments[1:], True
    if name in _SHELLS:
        return _nested(name, [word.text for word in arguments], expand)
    if name in ("true", ":", "false"):
        return Verdict.NEVER if name == "false" else Verdict.ALWAYS
    return Probe(_ready(name, arguments, limited=limited, bash=shell.bash and not limited), name, shell)


def _ready(name: str, arguments: list[Word], *, limited: bool, bash: bool) -> Ready:
    match name:
        case "curl":
            return WaitForUrl(curl_url(arguments))
        case "wget":
            return WaitForUrl(wget_url(arguments))
        case "test" | "[" | "[[":
            return _file(name, arguments, bash=bash)
    if any(word.pattern for word in arguments):
        raise NotUnderstoodError("it uses a file name pattern")
    values = [word.text for word in arguments]
    match name:
        case "nc" | "ncat" | "netcat":
            return _port_of_nc(name, values)
        case "pgrep":
            return _process_of_pgrep(values)
        case "pidof":
            return _process_of_pidof(values)
        case "sleep":
            return _timeout(values, limited)
    raise NotUnderstoodError(f"no helper does what `{name}` does")


def _without_limit(arguments: list[Word]) -> list[Word]:
    """The command behind `timeout`: its limit is left out, because the service has one of its own."""
    left = list(arguments)
    while left and left[0].text.startswith("-"):
        option = left.pop(0).text
        if option in ("-s", "-k", "--signal", "--kill-after") and left:
            left.pop(0)
        elif (
            option == "-t"
            and left
            and left[0].text.isdecimal()
            and len(left) > 1
            and not _SLEEP.fullmatch(left[1].text)
        ):
            left.pop(0)  # BusyBox before 1.30: timeout -t SECONDS COMMAND
            return left
        elif not re.fullmatch(r"--(signal|kill-after)=\w+|-[sk]\w+", option):
            raise NotUnderstoodError(f"`{option}` is an option of `timeout` that is not known here")
    if len(left) < 2 or not re.fullmatch(r"[0-9]+(\.[0-9]+)?[smhd]?", left[0].text):
        raise NotUnderstoodError("`timeout` is given no time or no command")
    return left[1:]


def _port_of_nc(name: str, values: list[str]) -> Ready:
    zero = False
    while values and values[0].startswith("-"):
        option = _NC_FLAGS.fullmatch(values[0])
        if option is None:
            raise NotUnderstoodError(f"`{values[0]}` is an option of `{name}` that no helper has")
        zero = zero or "z" in values[0]
        if "w" in values[0] and option["seconds"] is None:
            if len(values) < 2 or not re.fullmatch(r"[0-9]+", values[1]):
                raise NotUnderstoodError("`-w` has no number")
            values = values[1:]
        values = values[1:]
    if not zero:
        raise NotUnderstoodError(f"`{name}` without `-z` talks to the port")
    if len(values) != 2 or not is_port(values[1]):
        raise NotUnderstoodError(f"`{name}` is given something else than one host and one port")
    return _port(*values)


def _port_of_redirect(words: Sequence[Word], redirects: Sequence[Redirect]) -> Ready:
    """`</dev/tcp/HOST/PORT` and its kin: they open a connection and send at most a few bytes."""
    found = _DEV_TCP.fullmatch(redirects[0].target.text)
    if len(redirects) != 1 or found is None or redirects[0].operator not in ("<", ">", ">>", "<>"):
        raise NotUnderstoodError("it redirects to or from a file")
    match [word.text for word in words]:
        case [] | [":" | "true" | "echo" | "printf", *_] | ["exec"]:
            pass
        case ["cat"] if redirects[0].operator in (">", ">>"):
            pass  # what it copies is /dev/null or the ready command's own input
        case _:
            raise NotUnderstoodError("it talks to the port")
    if not is_port(found[2]):
        raise NotUnderstoodError(f"{found[2]} is no port")
    return _port(found[1], found[2])


def _port(host: str, port: str) -> Ready:
    if not is_local(host):
        raise NotUnderstoodError(f"`{host}` is not this machine")
    return WaitForPort(int(port))


def _file(name: str, arguments: Sequence[Word], *, bash: bool) -> Ready:
    closing = {"[": "]", "[[": "]]"}.get(name)
    if name == "[[" and not bash:
        raise NotUnderstoodError("`[[` is not in every /bin/sh")
    if closing is not None:
        if not arguments or arguments[-1].text != closing:
            raise NotUnderstoodError(f"`{name}` is not closed")
        arguments = arguments[:-1]
    if len(arguments) != 2 or arguments[0].text != "-f":
        raise NotUnderstoodError(f"`{name}` tests something else than `-f` of one file")
    path = arguments[1]
    if path.pattern and name != "[[":
        raise NotUnderstoodError("it uses a file name pattern")
    if not is_path(path.text):
        raise NotUnderstoodError(f"`{path.text}` is not an absolute path")
    return WaitForFile(path.text)


def is_path(text: str) -> bool:
    """Whether a text is an absolute path of printable characters."""
    return text.startswith("/") and text.isprintable()


def _process_of_pgrep(values: list[str]) -> Ready:
    while values and values[0] in ("-l", "-a"):  # print more, match the same
        values = values[1:]
    if len(values) != 1 or values[0].startswith("-") or not values[0] or not values[0].isprintable():
        raise NotUnderstoodError("`pgrep` is given something else than one pattern")
    return WaitForProcess(values[0])


def _process_of_pidof(values: list[str]) -> Ready:
    if values[:1] == ["-s"]:
        values = values[1:]
    if len(values) != 1 or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*", values[0]):
        raise NotUnderstoodError("`pidof` is given something else than one plain name")
    if len(values[0]) > COMM_LENGTH:
        raise NotUnderstoodError(f"`pgrep` sees {COMM_LENGTH} characters of a process's name, and `pidof` all")
    return WaitForProcess(values[0])


def _timeout(values: list[str], limited: bool) -> Ready:
    found = _SLEEP.fullmatch(values[0]) if len(values) == 1 else None
    if found is None or limited or (seconds := int(found[1]) * _SECONDS[found[2]]) < 1:
        raise NotUnderstoodError("`wait_for_timeout` sleeps whole seconds, one at least")
    return WaitForTimeout(seconds * 1000)


def _nested(name: str, values: list[str], expand: Expand) -> Probe | Verdict:
    shell = shell_of([name, *values[:-1]])
    if shell is None:
        raise NotUnderstoodError(f"`{name}` is given something else than `-c` and one command")
    return probe_script(values[-1], expand, shell)
