"""The body of `POST /v2/templates/{templateID}/builds/{buildID}`, as the SDK's `Template.to_json` makes it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import Any

from d2t import template as tpl

# The SDK sets a start command together with a ready command only; the service waits this long when there is none
# (e2b-dev/infra, phases/finalize/ready.go), so that saying it changes nothing.
NO_READY = tpl.WaitForTimeout(20_000)


def body(template: tpl.Template, files_hash: Callable[[tpl.Copy], str] | None = None) -> dict[str, Any]:
    """JSON-able data with the SDK's keys in the SDK's order.

    `files_hash` gives a COPY step's `filesHash`, which depends on the context's files; without it the key is left out.
    """
    steps = [_step(step, files_hash) for step in sendable(template)]
    data: dict[str, Any] = {"steps": steps, "force": False}
    if isinstance(template.base, tpl.FromImage):
        data["fromImage"] = template.base.image
    else:
        data["fromTemplate"] = template.base.name
    if template.start_cmd:
        data["startCmd"] = template.start_cmd
    ready = ready_of(template)
    if ready is not None:
        data["readyCmd"] = ready_command(ready)
    return data


def sendable(template: tpl.Template) -> Iterator[tpl.Step]:
    """The steps that the SDK has something to send for: it sends nothing for no variables."""
    return (step for step in template.steps if not isinstance(step, tpl.SetEnvs) or step.envs)


def ready_of(template: tpl.Template) -> tpl.Ready | None:
    """The ready command that goes with the template's start command."""
    return NO_READY if template.ready is None and template.start_cmd else template.ready


def _step(step: tpl.Step, files_hash: Callable[[tpl.Copy], str] | None) -> dict[str, Any]:
    match step:
        case tpl.RunCmd():
            kind, args = "RUN", [step.command, step.user] if step.user else [step.command]
        case tpl.SetEnvs():
            kind, args = "ENV", [word for pair in dict(step.envs).items() for word in pair]
        case tpl.SetWorkdir():
            kind, args = "WORKDIR", [step.path]
        case tpl.SetUser():
            kind, args = "USER", [step.user]
        case tpl.Copy():
            mode = "" if step.mode is None else f"{step.mode:04o}"
            kind, args = "COPY", [step.src, step.dest, step.user, mode]
    data: dict[str, Any] = {"type": kind, "args": args, "force": False}
    if isinstance(step, tpl.Copy) and files_hash is not None:
        data["filesHash"] = files_hash(step)
    return data


def ready_command(ready: tpl.Ready) -> str:
    """The command that the SDK's helper stands for (e2b 2.63, template/readycmd.py).

    Older helpers differ: in 2.10 port 80 is also ready when 8080 is, and a path or URL is not quoted.
    """
    match ready:
        case tpl.WaitForPort(port):
            return f'[ -n "$(ss -Htuln sport = :{port})" ]'
        case tpl.WaitForUrl(url, status):
            return f'curl -s -o /dev/null -w "%{{http_code}}" {shlex.quote(url)} | grep -q "{status}"'
        case tpl.WaitForProcess(name):
            return f"pgrep {shlex.quote(name)} > /dev/null"
        case tpl.WaitForFile(path):
            return f"[ -f {shlex.quote(path)} ]"
        case tpl.WaitForTimeout(milliseconds):
            return f"sleep {max(1, milliseconds // 1000)}"
        case tpl.ReadyCommand(command):
            return command
