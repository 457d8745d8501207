"""What is to be verified, and what came of looking at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from d2t.diagnostics import Diagnostic
from d2t.plan.build import BuildPlan, ImageConfig
from d2t.providers import Provider
from d2t.service import Build, Connection
from d2t.verify.state import Process, Start


@dataclass(frozen=True, slots=True)
class Translated:
    """A template on its way, by whatever made it. `send` submits it under a name; None when it was refused."""

    plan: BuildPlan | None
    diagnostics: tuple[Diagnostic, ...] = ()
    send: Callable[[Connection, str], Build] | None = None
    lines: Sequence[int] = ()  # the Dockerfile's line of each step
    message: str = ""  # why it was refused, where no diagnostic says it
    starts_nothing: bool = False  # no start command, because the image's only waits for input


@dataclass(frozen=True, slots=True)
class Job:
    """One Dockerfile to verify."""

    name: str  # how to call it
    dockerfile: Path
    context: Path
    provider: Provider
    translate: Callable[[ImageConfig | None], Translated]
    base: str = ""  # the base image, where it is known; its config is given to `translate`
    build_args: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    yardstick: Path | None = None  # what to give to `docker build` instead of `dockerfile`


@dataclass(slots=True)
class Seen:
    """What was observed while a sandbox was there."""

    image: str = ""  # the sandbox's files before its start command was run
    docker_start: Start = field(default_factory=Start)
    service_start: Start = field(default_factory=Start)
    docker_later: Process | None = None
    service_later: Process | None = None
    later_error: str = ""  # why no command could be run later
