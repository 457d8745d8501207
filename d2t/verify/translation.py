"""Jobs for d2t's own translation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from d2t import api
from d2t.plan.build import ImageConfig
from d2t.providers import Provider
from d2t.service import Build, Connection, resources, submit
from d2t.verify.jobs import Job, Translated

START_IS_A_SHELL = "D2T319"


def job(
    name: str,
    dockerfile: Path,
    context: Path,
    provider: Provider,
    transpile: Callable[[ImageConfig | None], api.Result],
    *,
    build_args: Mapping[str, str] | None = None,
    target: str = "",
    yardstick: Path | None = None,
) -> Job:
    """A job that verifies what `transpile`, given the base image's config, makes of a Dockerfile."""

    def translate(config: ImageConfig | None) -> Translated:
        result = transpile(config)
        template = result.template
        if template is None:
            return Translated(result.plan, result.diagnostics)
        cpu, memory = resources(template, provider)

        def send(connection: Connection, called: str) -> Build:
            return submit(template, name=called, cpu_count=cpu, memory_mb=memory, connection=connection)

        lines = tuple(step.line for step in template.steps)
        told = any(item.code == START_IS_A_SHELL for item in result.diagnostics)
        return Translated(result.plan, result.diagnostics, send, lines, starts_nothing=told)

    plan = api.plan(dockerfile, build_args=build_args, target=target).plan
    base = plan.base_name if plan is not None and plan.base is not None else ""
    return Job(name, dockerfile, context, provider, translate, base, build_args or {}, target, yardstick)
