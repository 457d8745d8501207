"""The builder that executes builds, and the choice between it and the one that only checks them."""

from __future__ import annotations

from d2t.local import images
from d2t.local.builder import Builder, BuildFailed, Job, Validator
from d2t.local.engine import Engine, EngineError, find
from d2t.local.execute import execute
from d2t.local.finalize import Limits


class Runner:
    """Executes builds with a container engine."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits
        self.title = engine.title
        engine.remove_containers()

    def run(self, job: Job) -> None:
        try:
            result = execute(
                job.body,
                provider=job.provider,
                engine=self._engine,
                files=job.files,
                name=job.name,
                build_id=job.build_id,
                limits=self._limits,
                log=job.log,
                cancelled=job.cancelled,
            )
        except EngineError as error:
            raise BuildFailed(str(error)) from None
        if result.error is not None:
            raise BuildFailed(result.error.message, result.error.step)

    def forget(self, name: str) -> None:
        client = self._engine.client()
        try:
            images.remove(client, name)
        finally:
            client.close()

    def close(self) -> None:
        self._engine.remove_containers()


def builder(choice: str = "auto", step_timeout: float | None = None) -> Builder:
    """What executes builds: `docker` an engine, `none` nothing, `auto` an engine where one answers.

    Raises EngineError when `docker` was asked for and none can be used.
    """
    if choice == "none":
        return Validator()
    try:
        engine = find()
    except EngineError:
        if choice == "docker":
            raise
        return Validator()
    return Runner(engine, Limits() if step_timeout is None else Limits(step=step_timeout))
