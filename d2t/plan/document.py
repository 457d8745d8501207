"""A plan as JSON: the keys `base`, `steps` and `image`, for comparing builds by plain equality."""

from __future__ import annotations

from typing import Any

from d2t.dockerfile.expand import shown, symbols
from d2t.plan.build import BuildPlan, CopyStep, Health, ImageConfig, RunStep, Step, WorkdirStep


def document(plan: BuildPlan) -> dict[str, Any]:
    """JSON-able data. Durations are nanoseconds; null is unset; `${NAME}` stands where a value is symbolic."""
    steps: list[dict[str, Any]] = []
    merged: list[dict[str, Any]] = []
    empty = plan.base is None  # nothing to merge with yet
    for step in plan.steps:
        if isinstance(step, RunStep):
            steps.append(_run(step))
        elif isinstance(step, CopyStep) and step.link and not step.mode and not empty:
            merged.extend({**copy, "after": len(steps)} for copy in _copies(step))
        elif isinstance(step, CopyStep):
            steps.extend(_copies(step))
        empty = empty and not isinstance(step, RunStep | CopyStep) and not _makes_folder(step)
    data: dict[str, Any] = {"base": plan.base, "steps": steps, "image": _image(plan.image)}
    if merged:
        data["merged"] = (
            merged  # copies with --link: layers of their own beside the chain, merged after that many steps
        )
    names = _symbolic(plan)
    if names:
        data["symbolic"] = names  # variables of the base image that values refer to
    return data


def _makes_folder(step: Step) -> bool:
    return isinstance(step, WorkdirStep) and step.path != "/"


def _run(step: RunStep) -> dict[str, Any]:
    return {
        "op": "run",
        "argv": [shown(word) for word in step.argv],
        "env": _env(step.env),
        "workdir": shown(step.workdir),
        "user": shown(step.user),
        "mounts": [{"type": mount.type, "target": shown(mount.target)} for mount in step.mounts],
        "network": step.network,
        "line": step.origin.line,
    }


def _copies(step: CopyStep) -> list[dict[str, Any]]:
    return [
        {
            "op": "copy",
            "src": shown(source.src),
            "dest": shown(step.dest),
            "owner": owner(step.owner),
            "mode": step.mode or None,
            "line": step.origin.line,
        }
        for source in step.sources
    ]


def owner(text: str) -> dict[str, str | int | None] | None:
    """`--chown` as user and group; numbers are ids."""
    if not text:
        return None
    user, colon, group = text.partition(":")
    return {"user": _id(user), "group": _id(group) if colon else None}


def _id(text: str) -> str | int:
    return int(text) if text.isascii() and text.isdecimal() else shown(text)


def _env(values: Any) -> dict[str, str]:
    return {shown(name): shown(value) for name, value in values.items()}


def _image(image: ImageConfig) -> dict[str, Any]:
    def words(value: tuple[str, ...] | None) -> list[str] | None:
        return None if value is None else [shown(word) for word in value]

    return {
        "env": _env(image.env),
        "workdir": shown(image.workdir),
        "user": shown(image.user),
        "cmd": words(image.cmd),
        "entrypoint": words(image.entrypoint),
        "shell": words(image.shell),
        "healthcheck": _health(image.healthcheck),
        "exposed_ports": words(image.exposed_ports),
        "volumes": words(image.volumes),
        "labels": None if image.labels is None else _env(image.labels),
        "stop_signal": image.stop_signal,
        "onbuild": words(image.onbuild),
    }


def _health(health: Health | None) -> dict[str, Any] | None:
    if health is None:
        return None
    return {
        "Test": list(health.test),
        "Interval": health.interval,
        "Timeout": health.timeout,
        "StartPeriod": health.start_period,
        "StartInterval": health.start_interval,
        "Retries": health.retries,
    }


def _symbolic(plan: BuildPlan) -> list[str]:
    texts = [*plan.image.env.values(), plan.image.workdir, plan.image.user]
    for step in plan.steps:
        if isinstance(step, RunStep):
            texts += [*step.env.values(), step.workdir, step.user]
        elif isinstance(step, CopyStep):
            texts += [
                step.dest,
                step.owner,
                *(part for source in step.sources for part in (source.src, source.content)),
            ]
    return sorted({name for text in texts for name in symbols(text)})
