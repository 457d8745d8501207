"""Verification from end to end: build both ways, look at both, compare, explain."""

from __future__ import annotations

import itertools
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from d2t.local.engine import EngineError
from d2t.local.finalize import Limits
from d2t.providers import Provider
from d2t.verify import provisioning
from d2t.verify.compare import Control
from d2t.verify.docker import (
    REPOSITORY,
    Builder,
    Built,
    Images,
    VerifyError,
    base_config,
    engine_errors,
    owner,
    remove_image,
    remove_stale,
)
from d2t.verify.jobs import Job, Seen, Translated
from d2t.verify.judging import EmptyTemplate, Observed, judge
from d2t.verify.layers import LayerReader
from d2t.verify.looking import SETTLE_SECONDS, look, stayed
from d2t.verify.outcome import Outcome, Status
from d2t.verify.sandbox import Observer, Sandbox, Service
from d2t.verify.state import Files

if TYPE_CHECKING:
    from d2t.local.engine import Engine

BATCH = 12  # jobs whose files are read with one request


class Verifier:
    """Verifies Dockerfiles with one engine. Use as a context manager: it leaves no image, container or service behind."""

    def __init__(
        self,
        engine: Engine,
        *,
        workers: int = 2,
        settle: float = SETTLE_SECONDS,
        batch: int = BATCH,
        step_timeout: float | None = None,
        repeat: bool = True,
    ) -> None:
        """`batch` is the number of jobs whose files are read together, `settle` how many seconds two start commands may
        take to look alike, `step_timeout` how many a step of a template may take (the service's own limit by default),
        `repeat` whether files that differ are built by Docker a second time, to see whether it agrees with itself.

        Raises VerifyError without the `docker` command.
        """
        self._builder = Builder.find(engine)
        self._stack = ExitStack()
        self._client = engine.client()
        self._stack.callback(self._client.close)
        remove_stale(self._client)
        self._tags: list[str] = []
        self._tags_lock = threading.Lock()
        self._stack.callback(self._tidy)
        self._images = Images(self._client, LayerReader(provisioning.keeps_content))
        self._workers = workers
        self._settle = settle
        self._batch = batch
        self._repeat = repeat
        self._lock = threading.Lock()
        self._docker_lock = threading.Lock()
        self._services: dict[str, Service] = {}
        self._controls: dict[tuple[str, str], EmptyTemplate | str] = {}
        self._observer = Observer(engine, Limits() if step_timeout is None else Limits(step=step_timeout))
        self._logs = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="d2t-verify-")))

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _tidy(self) -> None:
        with suppress(*engine_errors()):
            self._remove(*self._tags)

    def verify(self, jobs: Iterable[Job], started: Callable[[Job], None] = lambda job: None) -> Iterator[Outcome]:
        """The outcome of each job, in order. `started` is told when work on a job begins, from any thread.

        Raises VerifyError when the engine fails.
        """

        def observe(job: Job) -> Observed:
            started(job)
            return self._observe(job)

        with ThreadPoolExecutor(self._workers, "verify") as pool:
            try:
                pending = pool.map(observe, jobs)
                while batch := list(itertools.islice(pending, self._batch)):
                    yield from self._judge(batch)
            except engine_errors() as error:
                raise VerifyError(f"the engine failed: {error}") from None
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    # building

    def _observe(self, job: Job) -> Observed:
        begun = time.monotonic()
        known: tuple[type[Exception], ...] = (*engine_errors(), EngineError)
        try:
            observed = self._build(job)
        except known as error:
            self._check_engine(error)
            message = f"the engine: {error}"
            observed = Observed(job, Outcome(job.name, job.provider.id, Status.UNKNOWN, message=message))
        return replace(observed, seconds=time.monotonic() - begun)

    def _check_engine(self, reason: Exception) -> None:
        """Raises VerifyError when the engine does not answer any more."""
        try:
            self._client.ping()
        except engine_errors():
            raise VerifyError(f"the engine failed: {reason}") from None

    def _build(self, job: Job) -> Observed:
        translated = job.translate(base_config(self._client, job.base) if job.base else None)
        plain = Outcome(job.name, job.provider.id, Status.REFUSED, translated.diagnostics, message=translated.message)
        if translated.send is None:
            return Observed(job, plain)
        built = self._docker_build(job)
        if built.error:
            return Observed(job, self._without_docker(job, translated, plain, built))
        control = self._control(job)
        if isinstance(control, str):
            return Observed(job, replace(plain, status=Status.FAILED, message=control))
        seen = Seen()
        failure = self._service(job.provider).build(
            translated.send, lambda sandbox: self._look(built.image, sandbox, control, seen)
        )
        if failure is not None:
            line = translated.lines[int(failure.step) - 1] if failure.step.isdecimal() and translated.lines else 0
            self._remove(built.image)
            return Observed(job, replace(plain, status=Status.FAILED, message=failure.message, line=line))
        return Observed(job, None, translated, built.image, control, seen)

    def _docker_build(self, job: Job, fresh: bool = False) -> Built:
        """One at a time: BuildKit of Docker 26 can crash, and the daemon with it, when equal builds run side by side."""
        with self._docker_lock:
            return self._builder.build(
                job.yardstick or job.dockerfile,
                job.context,
                build_args=job.build_args,
                target=job.target,
                tag=self._tag(),
                fresh=fresh,
            )

    def _without_docker(self, job: Job, translated: Translated, plain: Outcome, built: Built) -> Outcome:
        """Docker's build failed: the service's has to fail too."""
        if not built.line:  # not at a step: the base image, the network, the engine
            return replace(plain, status=Status.UNKNOWN, message=f"docker build: {built.error}")
        assert translated.send is not None
        failure = self._service(job.provider).build(translated.send, lambda sandbox: None)
        if failure is None:
            message = f"docker build fails here, the template builds: {built.error}"
            return replace(plain, status=Status.DIFFERENT, message=message, line=built.line)
        line = translated.lines[int(failure.step) - 1] if failure.step.isdecimal() and translated.lines else 0
        notes = (
            f"both builds fail, docker's at line {built.line}" + (f", the service's at line {line}" if line else ""),
        )
        return replace(plain, status=Status.SAME, notes=notes)

    def _service(self, provider: Provider) -> Service:
        with self._lock:
            if provider.id not in self._services:
                self._services[provider.id] = self._stack.enter_context(
                    Service.running(provider, self._observer, self._logs)
                )
            return self._services[provider.id]

    def _tag(self) -> str:
        """A new image name. What is still called so at the end is removed."""
        with self._tags_lock:
            self._tags.append(f"{REPOSITORY}:{owner()}-{secrets.token_hex(6)}")
            return self._tags[-1]

    def _remove(self, *images: str) -> None:
        for image in images:
            remove_image(self._client, image)
            with self._tags_lock:
                self._tags.remove(image)

    def _control(self, job: Job) -> EmptyTemplate | str:
        """The empty template on the job's base, built once; a text when it cannot be built."""
        service = self._service(job.provider)
        with self._lock:
            key = (job.provider.id, job.base)
            if key not in self._controls:
                self._controls[key] = self._new_control(job.base, service)
            return self._controls[key]

    def _new_control(self, base: str, service: Service) -> EmptyTemplate | str:
        found: list[EmptyTemplate] = []

        def look(sandbox: Sandbox) -> None:
            image = sandbox.commit(self._tag())
            sandbox.start()
            found.append(EmptyTemplate(self._client.images.get(base).id, image, stayed(sandbox), sandbox.later()))

        failure = service.build_empty(base, look)
        return f"the empty template on {base} does not build: {failure.message}" if failure else found[0]

    def _look(self, docker_image: str, sandbox: Sandbox, control: EmptyTemplate, seen: Seen) -> None:
        seen.image = sandbox.commit(self._tag())
        nothing = Control(Files({}), Files({}), control.start, control.later)
        look(self._client, docker_image, sandbox, nothing, seen, self._settle)

    # judging

    def _judge(self, batch: Sequence[Observed]) -> Iterator[Outcome]:
        wanted = []
        for item in batch:
            if item.control is not None:
                wanted += [item.docker_image, item.seen.image]
                wanted += [] if item.control.known else [item.control.base_image, item.control.image]
        files = self._images.files(list(dict.fromkeys(wanted))) if wanted else {}
        for item in batch:
            begun = time.monotonic()
            outcome = item.outcome or judge(item, files, partial(self._again, item.job))
            yield replace(outcome, seconds=item.seconds + time.monotonic() - begun)
        for item in batch:
            self._remove(*filter(None, (item.docker_image, item.seen.image)))

    def _again(self, job: Job) -> Files | None:
        """The files of a second `docker build`; None when it fails or is not wanted."""
        if not self._repeat:
            return None
        built = self._docker_build(job, fresh=True)
        if built.error:
            return None
        try:
            return self._images.files([built.image])[built.image]
        finally:
            self._remove(built.image)
