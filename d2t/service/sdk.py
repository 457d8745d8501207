"""A template as the SDK's builder. Works with e2b 2.10 and the newest 2.x."""

from __future__ import annotations

from typing import Any

import e2b

from d2t import template as tpl


def to_builder(template: tpl.Template, *, username: str | None = None, password: str | None = None) -> Any:
    """The builder chain (`e2b.Template().from_image(…)…`) that says what `template` says.

    `username` and `password` are for the registry of the base image. COPY takes its files from `template.context`.

    Raises e2b's InvalidArgumentException for a COPY source outside the context.
    """
    factory = e2b.Template(file_context_path=template.context) if template.context else e2b.Template()
    if isinstance(template.base, tpl.FromTemplate):
        builder = factory.from_template(template.base.name)
    elif username or password:
        builder = factory.from_image(template.base.image, username=username, password=password)
    else:
        builder = factory.from_image(template.base.image)
    for step in template.steps:
        match step:
            case tpl.RunCmd():
                builder = builder.run_cmd(step.command, user=step.user or None)
            case tpl.SetEnvs():
                builder = builder.set_envs(dict(step.envs))
            case tpl.SetWorkdir():
                builder = builder.set_workdir(step.path)
            case tpl.SetUser():
                builder = builder.set_user(step.user)
            case tpl.Copy():
                builder = builder.copy(
                    step.src,
                    step.dest,
                    user=step.user or None,
                    mode=step.mode,
                    resolve_symlinks=step.resolve_symlinks or None,
                )
    ready = _ready(template.ready)
    if template.start_cmd:
        return builder.set_start_cmd(template.start_cmd, ready if ready is not None else e2b.wait_for_timeout(1000))
    return builder.set_ready_cmd(ready) if ready is not None else builder


def _ready(ready: tpl.Ready | None) -> Any:
    match ready:
        case None:
            return None
        case tpl.WaitForPort(port):
            return e2b.wait_for_port(port)
        case tpl.WaitForUrl(url, status):
            return e2b.wait_for_url(url, status)
        case tpl.WaitForProcess(name):
            return e2b.wait_for_process(name)
        case tpl.WaitForFile(path):
            return e2b.wait_for_file(path)
        case tpl.WaitForTimeout(milliseconds):
            return e2b.wait_for_timeout(milliseconds)
        case tpl.ReadyCommand(command):
            return command
