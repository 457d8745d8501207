"""What happens to a build once it was started: the interface, the threads, and the builder that executes nothing."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from d2t.local import checks, refusals
from d2t.local.log import LogEntry
from d2t.local.refusals import Refused
from d2t.local.store import Build, Status, Store
from d2t.providers import Provider

INTERNAL_ERROR = "An internal error occurred in the local service"  # the real one says as little


class BuildFailed(Exception):
    """A build that ends in `error`."""

    def __init__(self, message: str, step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.step = step  # "base", "1", "2", …, "finalize"; "" when no step is to blame


@dataclass(frozen=True, slots=True)
class Job:
    """A started build, as a builder sees it."""

    name: str  # the template's
    build_id: str
    body: Mapping[str, Any]  # the API's TemplateBuildStartV2
    provider: Provider
    files: Mapping[str, Path] = field(default_factory=dict)  # uploaded archives by hash
    log: Callable[[LogEntry], None] = lambda entry: None
    cancelled: threading.Event = field(default_factory=threading.Event)
    known_templates: frozenset[str] = frozenset()  # names that `fromTemplate` may give


class Builder(Protocol):
    """Carries out builds, several at a time."""

    @property
    def title(self) -> str:
        """What it builds with, for people."""

    def run(self, job: Job) -> None:
        """Returns when the build is done. Raises Refused or BuildFailed."""

    def forget(self, name: str) -> None:
        """The template with this name was deleted: so is what was built for it."""

    def close(self) -> None:
        """Leave nothing behind."""


class Validator:
    """Checks a build as far as that goes without a container, and says so in its last line."""

    title = "no engine: builds are checked, not executed"

    def run(self, job: Job) -> None:
        body = job.body
        if template := body.get("fromTemplate"):
            if template not in job.known_templates:
                job.log(LogEntry(f"Template {template} was not built here; taken for one that exists", "warn", "base"))
            job.log(LogEntry(f"[base] FROM TEMPLATE {template}", step="base"))
        else:
            checks.image(body["fromImage"], job.provider)
            job.log(LogEntry(f"[base] FROM {body['fromImage']}", step="base"))
        steps = body.get("steps", ())
        for number, step in enumerate(steps, 1):
            if job.cancelled.is_set():
                raise refusals.CANCELLED()
            checks.step(number, step, job.files)
            job.log(LogEntry(title_of(number, step, len(steps)), step=str(number)))
        job.log(LogEntry("Validated only: there is no container engine, nothing was executed"))

    def forget(self, name: str) -> None:
        pass

    def close(self) -> None:
        pass


def title_of(number: int, step: Mapping[str, Any], count: int) -> str:
    """The line that announces a step."""
    return f"[builder {number}/{count}] {' '.join([step['type'].upper(), *step.get('args', ())])}"


class Workers:
    """Runs each build in a thread of its own; the quotas limit how many there are."""

    def __init__(self, store: Store, builder: Builder) -> None:
        self._store = store
        self._builder = builder
        self._threads: set[threading.Thread] = set()

    def start(self, build: Build, job: Job) -> None:
        with self._store.lock:
            build.status = Status.BUILDING
        thread = threading.Thread(target=self._run, args=(build, job), name=f"build-{build.id}", daemon=True)
        self._threads = {each for each in self._threads if each.is_alive()} | {thread}
        thread.start()

    def _run(self, build: Build, job: Job) -> None:
        message, step = INTERNAL_ERROR, ""
        try:
            job.log(LogEntry(f"Building template {build.template.id}/{build.id}"))
            self._builder.run(job)
            message = ""
        except (Refused, BuildFailed) as failure:
            message, step = failure.message, failure.step
        except Exception:  # a build that never ends would hold its place in the quotas
            job.log(LogEntry(traceback.format_exc(), "debug"))
        self._store.finish(build, message, step)

    def forget(self, name: str) -> None:
        """Delete what was built for a template. It may take a while; nobody waits for it."""
        threading.Thread(target=self._builder.forget, args=(name,), daemon=True).start()

    def close(self, patience: float = 30.0) -> None:
        """Cancel what runs, wait up to `patience` seconds, and let the builder tidy up."""
        for build in self._store.builds():
            build.cancelled.set()
        end = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._builder.close()
