"""Which base images a Dockerfile needs, and what comes of asking for their configs."""

from __future__ import annotations

from collections.abc import Mapping

from d2t.dockerfile.instructions import Dockerfile
from d2t.plan.base import BaseNotRead
from d2t.plan.build import BuildPlan, ImageConfig
from d2t.plan.planner import Bases, plan


def wanted(
    dockerfile: Dockerfile, *, build_args: Mapping[str, str] | None = None, target: str = ""
) -> tuple[tuple[str, ...], str]:
    """The canonical references of the base images of all stages that the target needs, and that of its own base.

    There is no own base ("") for `scratch`, or where the plan fails.
    """
    found: dict[str, None] = {}

    def note(reference: str) -> None:
        found.setdefault(reference)

    made, _ = plan(dockerfile, build_args=build_args, target=target, bases=note)
    return tuple(found), own_reference(made) if made is not None else ""


def own_reference(plan: BuildPlan) -> str:
    """The canonical reference of a plan's base image, "" for scratch."""
    return (plan.base or "").removeprefix("docker-image://")


class Asked:
    """Asks for configs, and keeps why one could not be had."""

    def __init__(self, bases: Bases, own: str = "", config: ImageConfig | None = None) -> None:
        """`config` is that of the image `own`, which is then not asked for."""
        self._bases = bases
        self._own = own
        self._config = config
        self.problems: dict[str, BaseNotRead] = {}

    def __call__(self, reference: str) -> ImageConfig | None:
        """The config of an image, None where it is not known. Raises BaseRefused."""
        if self._config is not None and reference == self._own:
            return self._config
        try:
            return self._bases(reference)
        except BaseNotRead as error:
            self.problems[reference] = error
            return error.instead
