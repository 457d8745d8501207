"""Executes one template body in a container, as the service does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from d2t.local import checks, finalize, images, refusals
from d2t.local.builder import title_of
from d2t.local.channel import Cancelled, ChannelClosed, TimedOut
from d2t.local.container import NotStarted, Sandbox, UnsafeEngine
from d2t.local.context import Context
from d2t.local.engine import Engine, EngineError
from d2t.local.finalize import FinalizeFailed, Limits
from d2t.local.images import ImageError, Start
from d2t.local.log import LogEntry
from d2t.local.provision import provision
from d2t.local.refusals import Refused
from d2t.local.shell import CommandFailed, Identity, Shell
from d2t.local.steps import STEPS, StepFailed, Worksite
from d2t.providers import Provider

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

__all__ = ["BuildResult", "Context", "Failure", "Limits", "execute"]

BASE, FINALIZE = "base", "finalize"  # the steps before the first and after the last, as `reason.step` names them


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
    build_id: str = "local",
    limits: Limits | None = None,
    log: Callable[[LogEntry], None] | None = None,
    cancelled: threading.Event | None = None,
    when_ready: Callable[[Shell, Context], None] | None = None,
) -> BuildResult:
    """Build the template that `body` (the API's TemplateBuildStartV2) describes.

    `files` maps the hash of a COPY step to the tar.gz that the SDK would upload. `when_ready` is called with a
    shell in the container while the start command runs, after the ready command succeeded and before the image is
    committed. What a template does never raises: see `BuildResult.error`. Raises EngineError when the engine fails.
    """
    import docker.errors
    import requests

    client = engine.client()
    build = _Build(client, engine, provider, name, build_id, limits or Limits(), cancelled or threading.Event(), log)
    try:
        return build.run(body, files or {}, when_ready)
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise EngineError(f"the engine failed: {error}") from None
    except UnsafeEngine as error:
        raise EngineError(f"{engine.title} is not used: {error}") from None
    finally:
        client.close()


class _Build:
    """One build under way."""

    def __init__(
        self,
        client: DockerClient,
        engine: Engine,
        provider: Provider,
        name: str,
        build_id: str,
        limits: Limits,
        cancelled: threading.Event,
        log: Callable[[LogEntry], None] | None,
    ) -> None:
        self._client, self._engine, self._provider = client, engine, provider
        self._name, self._build_id, self._limits = name, build_id, limits
        self._cancelled, self._log = cancelled, log
        self._entries: list[LogEntry] = []
        self._context = Context()
        self._step = BASE

    def run(
        self,
        body: Mapping[str, Any],
        files: Mapping[str, Path],
        when_ready: Callable[[Shell, Context], None] | None,
    ) -> BuildResult:
        began = time.monotonic()
        try:
            base, start = self._base(body)
            with self._sandbox(str(base.id)) as sandbox:
                shell = self._shell(sandbox)
                self._steps(body.get("steps", ()), shell, files)
                self._step = FINALIZE
                image = self._finalize(body, shell, start, when_ready)
        except Refused as refused:
            return self._failed(Failure(refused.message, refused.step))
        except ImageError as error:
            return self._failed(Failure(str(error), BASE))
        except (StepFailed, FinalizeFailed) as failed:
            cause = failed.cause or CommandFailed("")
            return self._failed(Failure(failed.message, self._step, cause.code, cause.output))
        except CommandFailed as failed:
            return self._failed(Failure(failed.status, self._step, failed.code, failed.output))
        except ChannelClosed:
            return self._failed(Failure("the container ended", self._step))
        except NotStarted as error:
            return self._failed(Failure(f"the image gives no container with a shell: {error}", self._step))
        except TimedOut:
            return self._failed(Failure("the container does not answer", self._step))
        except Cancelled:
            return self._failed(Failure(refusals.CANCELLED().message))
        self._say("info", f"Build finished, took {time.monotonic() - began:.0f}s", "")
        name = ":".join(images.reference(self._name, self._build_id))
        return BuildResult(str(image.id), name, self._context, tuple(self._entries))

    def _failed(self, failure: Failure) -> BuildResult:
        return BuildResult("", "", self._context, tuple(self._entries), failure)

    def _sandbox(self, image: str) -> Sandbox:
        return Sandbox(self._client, image, self._engine.owner, self._engine.network, self._cancelled)

    def _shell(self, sandbox: Sandbox) -> Shell:
        return Shell(sandbox, Identity(template_id=self._name), self._limits.step)

    def _base(self, body: Mapping[str, Any]) -> tuple[Image, Start | None]:
        """The image to begin with, and the start command that comes with it."""
        if template := body.get("fromTemplate"):
            self._say("info", f"[base] FROM TEMPLATE {template}")
            found = next(images.builds(self._client, template.strip().lower().partition(":")[0]), None)
            if found is None:
                raise refusals.NO_BASE_TEMPLATE(step=BASE, template=template)
            self._context = found.context
            return self._client.images.get(found.image_id), found.start
        name = body["fromImage"]
        self._say("info", f"[base] FROM {name}")
        checks.image(name, self._provider)
        credentials = body.get("fromImageRegistry")
        image = images.find_base(self._client, name, self._provider["api.platform"], credentials)
        facts = self._provider.facts
        user = facts["runtime.initial_user"].value if "runtime.initial_user" in facts else "root"
        self._context = Context(user, "", images.env_of(image))
        if self._engine.network == "none":
            self._say("info", "Containers have no network here: the packages that the service adds are not installed")
        return images.provisioned(
            self._client, image, self._engine.network, lambda key: self._provision(image, key)
        ), None

    def _provision(self, image: Image, key: str) -> Image:
        self._say("info", "Provisioning sandbox template")
        flat = images.without_volumes(self._client, image)
        with self._sandbox(flat) as sandbox:
            provision(sandbox, self._shell(sandbox), self._provider["base.os_ids"], self._say)
            return images.commit_base(sandbox, str(image.id), key)

    def _steps(self, steps: Any, shell: Shell, files: Mapping[str, Path]) -> None:
        for number, step in enumerate(steps, 1):
            self._step = str(number)
            self._say("info", title_of(number, step, len(steps)))
            kind = checks.step(number, step, files)
            site = Worksite(shell, files, self._lines(f"builder {number}/{len(steps)}", "info"))
            self._context = STEPS[kind](step, self._context, site)
            if not self._context.user or (kind == "workdir" and not self._context.workdir):
                raise StepFailed("the context has no user or no working directory")

    def _finalize(
        self,
        body: Mapping[str, Any],
        shell: Shell,
        start: Start | None,
        when_ready: Callable[[Shell, Context], None] | None,
    ) -> Image:
        self._say("info", "[finalize] Finalizing template build")
        command, ready = body.get("startCmd", ""), body.get("readyCmd", "")
        if command or ready:
            start = Start(command, ready, self._context)
        finalize.restart(shell)
        finalize.configure(shell, self._name, self._build_id, self._lines("config", "debug"))
        if start is not None:
            started = None
            if start.command:
                self._say("info", f"Running start command: {start.command}")
                started = finalize.begin(shell, start, self._lines("start", "info"))
            lines = self._lines("ready", "debug")
            finalize.wait_until_ready(shell, start, started, self._limits, self._cancelled, lines, self._say)
        if when_ready is not None:
            when_ready(shell, self._context)
        return images.commit(shell.sandbox, self._name, self._build_id, self._context, start)

    def _say(self, level: str, message: str, step: str | None = None) -> None:
        entry = LogEntry(message, level, self._step if step is None else step)
        self._entries.append(entry)
        if self._log is not None:
            self._log(entry)

    def _lines(self, prefix: str, level: str) -> Callable[[str, str], None]:
        return lambda stream, text: self._say(level, f"[{prefix}] [{stream}]: {text}")
