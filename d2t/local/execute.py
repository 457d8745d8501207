"""Executes one template body in a container, as the service does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from d2t.local.log import LogEntry
from d2t.providers import Provider

if TYPE_CHECKING:
    from docker.models.containers import Container

    from d2t.local.engine import Engine


@dataclass(frozen=True, slots=True)
class Context:
    """What the next step, or the start command, runs with."""

    user: str = "root"
    workdir: str = ""  # "": the user's home
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds."""

    step: float = 3600.0  # e2b-dev/infra, sandboxtools/command.go
    ready: float = 600.0  # e2b-dev/infra, phases/finalize/ready.go
    ready_interval: float = 2.0  # the same
    default_ready: float = 20.0  # the same: how long a start command without a ready command is given


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a build failed."""

    message: str
    step: str = ""  # "base", "1", "2", …, "finalize"; "" when no step is to blame
    exit_code: int | None = None
    output: tuple[str, ...] = ()  # the last lines of the failed command


@dataclass(frozen=True, slots=True)
class BuildResult:
    """How a build ended."""

    image_id: str  # of the image it was committed as; "" when it failed
    image: str  # its name, `d2t/NAME:BUILD`; "" when it failed
    context: Context  # the template's final one
    logs: tuple[LogEntry, ...]
    error: Failure | None = None


def execute(
    body: Mapping[str, Any],
    *,
    provider: Provider,
    engine: Engine,
    files: Mapping[str, Path] | None = None,
    name: str = "template",
    build_id: str = "",
    limits: Limits | None = None,
    log: Callable[[LogEntry], None] | None = None,
    cancelled: threading.Event | None = None,
    when_ready: Callable[[Container, Context], None] | None = None,
) -> BuildResult:
    """Build the template that `body` (the API's TemplateBuildStartV2) describes.

    `files` maps the hash of a COPY step to the tar.gz that the SDK would upload. `when_ready` is called with the
    running container while the start command runs, after the ready command succeeded and before the image is
    committed. Never raises for what a template does: see `BuildResult.error`. Raises EngineError when the engine fails.
    """
    raise NotImplementedError
