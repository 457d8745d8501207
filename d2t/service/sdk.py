"""A template as the SDK's builder. Works with e2b 2.10 and the newest 2.x."""

from __future__ import annotations

from typing import Any

import e2b

from d2t import template as tpl
from d2t.emit.body import ready_command, ready_of


def reads_folders_as_docker() -> bool:
    """Whether the SDK lists a folder as Docker does: older ones leave dotfiles out and read .dockerignore otherwise."""
    from e2b.template import utils

    return hasattr(utils, "PatternMatcher")


def to_builder(template: tpl.Template, *, username: str | None = None, password: str | None = None) -> Any:
    """The builder chain (`e2b.Template().from_image(…)…`) that says what `template` says.

    `username` and `password` are for the registry of the base image. COPY takes its files from `template.context`.

    Raises ValueError for one of them without the other, and what e2b raises for a COPY source outside the context.
    """
    if bool(username) != bool(password):
        raise ValueError("a registry needs both a user name and a password")
    factory = e2b.Template(file_context_path=template.context) if template.context else e2b.Template()
    if isinstance(template.base, tpl.FromTemplate):
        builder = factory.from_template(template.base.name)
    elif username:
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
    ready = ready_of(template)
    if ready is None:
        return builder
    # as text: the helpers of 2.10 make other commands of the same arguments
    command = ready_command(ready)
    return builder.set_start_cmd(template.start_cmd, command) if template.start_cmd else builder.set_ready_cmd(command)
