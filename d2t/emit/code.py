"""What the two languages share: the calls of the builder chain, and comments that cannot be broken out of."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from d2t import template as tpl
from d2t.emit import Options
from d2t.emit.body import ready_command, ready_of, sendable
from d2t.providers import Provider

_SDK_DOMAIN = "e2b.app"  # E2B SDK, connection_config.py: the default
REGISTRY = ("REGISTRY_USERNAME", "REGISTRY_PASSWORD")


@dataclass(frozen=True, slots=True)
class Text:
    """A text argument."""

    value: str


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping of texts."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Helper:
    """A call of one of the SDK's ready helpers."""

    name: str
    args: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """A value that is read from the environment when the code runs."""

    name: str


Value = Text | Table | Helper | Environment | int | bool


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the chain, in the SDK's Python names."""

    name: str
    args: tuple[Value, ...]
    options: tuple[tuple[str, Value], ...] = ()
    comments: tuple[str, ...] = field(default=())


def calls(template: tpl.Template, options: Options) -> Iterator[Call]:
    """The builder's calls in order."""
    if isinstance(template.base, tpl.FromImage):
        credentials: tuple[tuple[str, Value], ...] = ()
        if options.registry:
            credentials = (("username", Environment(REGISTRY[0])), ("password", Environment(REGISTRY[1])))
        yield Call("from_image", (Text(template.base.image),), credentials)
    else:
        yield Call("from_template", (Text(template.base.name),))
    for step in sendable(template):
        yield _call(step, options)
    ready = _ready(ready_of(template))
    comments = _comments(template.start_why, f"ready: {template.ready_why}" if ready and template.ready_why else "")
    if template.start_cmd:
        args = (Text(template.start_cmd),) if ready is None else (Text(template.start_cmd), ready)
        yield Call("set_start_cmd", args, (), comments)
    elif ready is not None:
        yield Call("set_ready_cmd", (ready,), (), comments)


def _call(step: tpl.Step, options: Options) -> Call:
    line = f"Dockerfile:{step.line}" if options.line_numbers and step.line else ""
    comments = _comments(line, step.why)
    match step:
        case tpl.RunCmd():
            user: tuple[tuple[str, Value], ...] = (("user", Text(step.user)),) if step.user else ()
            return Call("run_cmd", (Text(step.command),), user, comments)
        case tpl.SetEnvs():
            return Call("set_envs", (Table(tuple(dict(step.envs).items())),), (), comments)
        case tpl.SetWorkdir():
            return Call("set_workdir", (Text(step.path),), (), comments)
        case tpl.SetUser():
            return Call("set_user", (Text(step.user),), (), comments)
        case tpl.Copy():
            named: list[tuple[str, Value]] = []
            if step.user:
                named.append(("user", Text(step.user)))
            if step.mode is not None:
                named.append(("mode", step.mode))
            if step.resolve_symlinks:
                named.append(("resolve_symlinks", True))
            return Call("copy", (Text(step.src), Text(step.dest)), tuple(named), comments)


def _ready(ready: tpl.Ready | None) -> Value | None:
    match ready:
        case None:
            return None
        case tpl.WaitForPort(port):
            return Helper("wait_for_port", (port,))
        case tpl.WaitForUrl(url, status) if _plain(url):
            return Helper("wait_for_url", (url,) if status == 200 else (url, status))
        case tpl.WaitForProcess(name) if _plain(name):
            return Helper("wait_for_process", (name,))
        case tpl.WaitForFile(path) if _plain(path):
            return Helper("wait_for_file", (path,))
        case tpl.WaitForTimeout(milliseconds):
            return Helper("wait_for_timeout", (milliseconds,))
        case _:
            return Text(ready_command(ready))


def _plain(text: str) -> bool:
    """Whether the shell takes a text as it is: the helpers of e2b 2.10 do not quote."""
    return shlex.quote(text) == text


def context(template: tpl.Template, options: Options) -> str:
    """The folder that COPY takes its files from, as seen from the code's own; "" for that one, the SDK's default."""
    copies = any(isinstance(step, tpl.Copy) for step in template.steps)
    return "" if not copies or options.context == "." else options.context


def facts(template: tpl.Template, provider: Provider) -> tuple[str, int, int, bool]:
    """The domain that the SDK does not know by itself ("" for none), CPUs, MiB of memory, and whether there are logs."""
    domain = provider["api.domain"] if provider["api.domain"] != _SDK_DOMAIN else ""
    cpu = template.cpu_count or provider["resources.cpu_count"]
    memory = template.memory_mb or provider["resources.memory_mb"]
    return domain, cpu, memory, provider["api.build_logs"]


def helpers(found: list[Call]) -> list[str]:
    """The names of the SDK's helpers that the calls use, sorted."""
    return sorted({arg.name for call in found for arg in call.args if isinstance(arg, Helper)})


def _comments(*texts: str) -> tuple[str, ...]:
    return tuple(line for line in map(comment, texts) if line)


def columns(text: str) -> int:
    """How many columns a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.category(char) in ("Mn", "Me") for char in text)


def comment(text: str) -> str:
    """A text that is safe behind a comment mark: one line, nothing that a terminal or an editor would act on."""
    return "".join(char if char == " " or visible(char) else " " for char in text).strip()


# Characters that are letters or symbols to Unicode and yet blank or joined to their neighbour, and those whose width
# differs between versions of Unicode, so that it is unknown where a line ends: fillers, variation selectors, Jamo,
# hexagrams, historic scripts.
_DOUBTFUL = re.compile(
    "[\u034f\u0d4e\u115f-\u11ff\u17a4\u17b4\u17b5\u17d8\u180b-\u180f\u2630-\u2637\u268a-\u268f\u2800\u2d7f\u302a-\u302f"
    "\u3099\u309a\u3164\u4dc0-\u4dff\ua8fa\ud7b0-\ud7fb\ufe00-\ufe0f\uff9e-\uffa0\U00010000-\U0001efff\U000e0100-\U000e01ef]"
)


def visible(char: str) -> bool:
    """Whether a character shows as what it is: no control, no format or bidi mark, no odd blank, no lone surrogate."""
    if char.isascii():
        return " " <= char <= "~"
    return not _DOUBTFUL.match(char) and unicodedata.category(char) not in _HIDDEN


_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Mc", "Zl", "Zp", "Zs"}


def pieces(text: str) -> list[str]:
    """A long command in parts for people: at its lines, in front of `&&` and `||`, behind `;`."""
    parts: list[str] = []
    for line in text.splitlines(keepends=True) if "\n" in text else [text]:
        start = 0
        if len(line) > _LONG:
            for match in _BREAKS.finditer(line):
                parts.append(line[start : match.end()])
                start = match.end()
        parts.append(line[start:])
    return [part for part in parts if part]


_LONG = 60
_BREAKS = re.compile(r"; +(?=\S)| (?=(?:&&|\|\|) )")
