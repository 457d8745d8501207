"""A plan for people: what each step will see."""

from __future__ import annotations

import json
from collections.abc import Iterator

from d2t.dockerfile.expand import shown
from d2t.plan.build import BuildPlan, CopyStep, EnvStep, RunStep, Step, UserStep, WorkdirStep


def text(plan: BuildPlan) -> str:
    """The plan in lines, ending with a newline."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: BuildPlan) -> Iterator[str]:
    yield f"base   {plan.base.removeprefix('docker-image://') if plan.base else 'scratch'}"
    if plan.base_config is None:
        yield "       its config is not known: ${NAME} stands where a value depends on it"
    digits = max((len(str(step.origin.line)) for step in plan.steps), default=1)
    seen: str | None = None
    for step in plan.steps:
        lines = list(_step(step))
        if isinstance(step, RunStep):
            sees = _sees(step)
            if sees != seen:
                lines.append(f"         ({sees})")
                seen = sees
        if lines:
            yield f"{step.origin.line:>{digits + 2}}  {lines[0]}"
            yield from (f"{' ' * (digits + 2)}  {line}" for line in lines[1:])
    yield from _image(plan)


def _step(step: Step) -> Iterator[str]:
    match step:
        case RunStep():
            command = (
                step.argv[-1] if step.shell_form and step.argv else json.dumps(list(step.argv), ensure_ascii=False)
            )
            first, *rest = shown(command).rstrip("\n").split("\n")
            yield f"RUN      {first}"
            yield from (f"         {line}" for line in rest)
            if step.shell_form and step.argv[:-1] != ("/bin/sh", "-c"):
                yield f"         (shell {' '.join(step.argv[:-1])})"
            for mount in step.mounts:
                yield f"         (mount {mount.type} at {shown(mount.target)})"
        case CopyStep():
            flags = [f"owner {step.owner}"] * bool(step.owner) + [f"mode {step.mode}"] * bool(step.mode)
            more = f"  ({', '.join(flags)})" if flags else ""
            for source in step.sources:
                origin = f"{source.from_}:" if source.from_ else ""
                name = f"<<{source.text}" if source.kind == "document" else shown(source.text)
                yield f"{step.keyword:<8} {origin}{name} → {shown(step.dest)}{more}"
        case EnvStep():
            for name, value in step.values:
                yield f"ENV      {name}={json.dumps(shown(value), ensure_ascii=False)}"
        case WorkdirStep():
            yield f"WORKDIR  {shown(step.path)}"
        case UserStep():
            yield f"USER     {shown(step.user)}"


def _sees(step: RunStep) -> str:
    args = [f"{name}={shown(step.env[name])}" for name in step.args]
    return f"as {shown(step.user) or 'root'} in {shown(step.workdir)}" + (f", ARG {' '.join(args)}" if args else "")


def _image(plan: BuildPlan) -> Iterator[str]:
    image = plan.image
    yield f"image  as {shown(image.user) or 'root'} in {shown(image.workdir) or '/'}"
    for name, value in (("ENTRYPOINT", image.entrypoint), ("CMD", image.cmd)):
        if value:
            yield f"       {name} {json.dumps([shown(word) for word in value], ensure_ascii=False)}"
    if image.exposed_ports:
        yield f"       EXPOSE {' '.join(image.exposed_ports)}"
    if image.volumes:
        yield f"       VOLUME {' '.join(image.volumes)}"
    if image.healthcheck:
        yield f"       HEALTHCHECK {' '.join(image.healthcheck.test)}"
