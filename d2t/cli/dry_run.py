"""What a build would send, for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from d2t import template as tpl
from d2t.report.terminal import visible

_INDENT = 10


def summary(template: tpl.Template, address: str, cpu: int, memory: int, username: str = "") -> str:
    """One row for each thing, with the Dockerfile's lines; commands in full."""
    base = template.base
    rows = [
        ("to", address),
        ("name", template.name),
        ("cpu", str(cpu)),
        ("memory", f"{memory} MiB"),
        ("image", base.image) if isinstance(base, tpl.FromImage) else ("template", base.name),
    ]
    if username:
        rows.append(("registry", f"user {username}, with the password"))
    rows += [(f"step {number}", text) for number, text in enumerate(map(_step, template.steps), 1)]
    if template.start_cmd:
        rows.append(("start", template.start_cmd))
    if template.ready is not None:
        rows.append(("ready", _ready(template.ready)))
    return "".join(_row(name, text) for name, text in rows) + "nothing was sent\n"


def _row(name: str, text: str) -> str:
    first, *rest = (visible(line, keep="\t") for line in (text.split("\n") if text else [""]))
    lines = [f"{name:<{_INDENT}}{first}", *(f"{'':<{_INDENT}}{line}" for line in rest)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _step(step: tpl.Step) -> str:
    return " ".join(_words(step)) + (f"  [line {step.line}]" if step.line else "  [added]")


def _words(step: tpl.Step) -> Iterator[str]:
    match step:
        case tpl.RunCmd():
            yield from ("RUN", *([f"as {step.user}:"] if step.user else []), step.command)
        case tpl.SetEnvs():
            yield from ("ENV", *(f"{name}={value}" for name, value in step.envs))
        case tpl.SetWorkdir():
            yield from ("WORKDIR", step.path)
        case tpl.SetUser():
            yield from ("USER", step.user)
        case tpl.Copy():
            yield from ("COPY", step.src, step.dest)
            if step.user:
                yield f"owner {step.user}"
            if step.mode is not None:
                yield f"mode {step.mode:o}"


def _ready(ready: tpl.Ready) -> str:
    match ready:
        case tpl.WaitForPort():
            return f"port {ready.port} listens"
        case tpl.WaitForUrl():
            return f"{ready.url} answers {ready.status_code}"
        case tpl.WaitForProcess():
            return f"process {ready.name} runs"
        case tpl.WaitForFile():
            return f"file {ready.path} exists"
        case tpl.WaitForTimeout():
            return f"after {ready.milliseconds / 1000:g} s"
        case tpl.ReadyCommand():
            return ready.command
