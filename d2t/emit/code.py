"""What the two languages share: the calls of the builder chain, and comments that cannot be broken out of."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from d2t import template as tpl
from d2t.emit import Options
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
    for step in template.steps:
        yield _call(step, options)
    ready = _ready(template.ready)
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
            return Call("set_envs", (Table(step.envs),), (), comments)
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
        case tpl.WaitForUrl(url, 200):
            return Helper("wait_for_url", (url,))
        case tpl.WaitForUrl(url, status):
            return Helper("wait_for_url", (url, status))
        case tpl.WaitForProcess(name):
            return Helper("wait_for_process", (name,))
        case tpl.WaitForFile(path):
            return Helper("wait_for_file", (path,))
        case tpl.WaitForTimeout(milliseconds):
            return Helper("wait_for_timeout", (milliseconds,))
        case tpl.ReadyCommand(command):
            return Text(command)


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


def visible(char: str) -> bool:
    """Whether a character shows as what it is: no control, no format or bidi mark, no odd blank, no lone surrogate."""
    if char.isascii():
        return " " <= char <= "~"
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")


def pieces(text: str) -> list[str]:
    """A long command in parts for people: at its lines, and in front of `&&`."""
    parts: list[str] = []
    for line in text.splitlines(keepends=True) if "\n" in text else [text]:
        start = 0
        while (found := line.find(" && ", start + 1)) >= 0 and len(line) > 60:
            parts.append(line[start : found + 1])
            start = found + 1
        parts.append(line[start:])
    return [part for part in parts if part]
