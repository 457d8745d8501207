"""The other side: the local service, with a builder that looks into each sandbox before its build ends."""

from __future__ import annotations

import secrets
import shlex
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from d2t.local.builder import BuildFailed, Job
from d2t.local.context import Context
from d2t.local.execute import Failure, execute
from d2t.local.finalize import Limits, Started, begin
from d2t.local.images import Start as Command
from d2t.local.shell import Shell
from d2t.providers import Provider
from d2t.service import Build, Connection, ServiceError, resources, submit
from d2t.template import FromImage, Template
from d2t.verify import processes
from d2t.verify.docker import look_at, process_of, remove_image
from d2t.verify.state import Process, Start

if TYPE_CHECKING:
    from d2t.local.engine import Engine
    from d2t.local.server import Server

READ_SECONDS = 5.0
STAY = ("sleep", "86400")  # the control's start command


def unwrapped(process: Process, start_cmd: str) -> Process:
    """Without the service's `/bin/bash -l -c START`, where that waits for the command instead of becoming it.

    A shell with more or fewer than one child is kept: then it is part of what runs.
    """
    if process.argv == ("/bin/bash", "-l", "-c", start_cmd) and len(process.children) == 1:
        return process.children[0]
    return process


class Sandbox:
    """A finished build's container, before its start command was run."""

    def __init__(self, shell: Shell, context: Context, start_cmd: str) -> None:
        self._shell = shell
        self._container = shell.sandbox.docker
        self._context = context
        self._start_cmd = start_cmd
        self._others: frozenset[int] = frozenset()
        self._started: Started | None = None

    def commit(self, tag: str) -> str:
        """The filesystem as it is now, as an image called `tag`; returns `tag`."""
        repository, _, version = tag.partition(":")
        self._container.commit(repository=repository, tag=version, pause=False)
        return tag

    def start(self) -> None:
        """Run the start command as the service does: in the background, in a login shell, with the final context.

        Raises FinalizeFailed when it cannot be run.
        """
        if self._start_cmd:
            self._others = frozenset(look_at(self._container)[0])
            self._started = begin(self._shell, Command(self._start_cmd, "", self._context), lambda stream, text: None)

    def look(self) -> Start:
        """The start command now, without the shell that the service puts around it."""
        if self._started is None:
            return Start()
        process = process_of(self._container, self._root)
        if process is not None:
            return Start(unwrapped(process, self._start_cmd))
        code = self._shell.sandbox.exit_code(self._started.process)
        self._started.reader.join(READ_SECONDS)
        return Start(exit_code=code or 0, output=self._started.output.text())

    def _root(self, found: Mapping[int, processes.Seen], own: int) -> int | None:
        """The process that came from outside the container since `start`."""
        new = (pid for pid, seen in found.items() if seen.parent == 0 and pid not in self._others and pid != own)
        return min(new, default=None)

    def later(self) -> Process | None:
        """What a command that a user runs later starts with.

        Raises CommandFailed when none can be run.
        """
        command = f"exec /bin/sh -c {shlex.quote(processes.SELF)}"  # a new program, to see what the login shell exports
        output = self._shell.run(command, user=self._context.user, workdir=self._context.workdir)
        found, _ = processes.parse(output)
        return next((seen.process for seen in found.values()), None)


@dataclass(slots=True)
class _Waiting:
    """A build that was asked for."""

    look: Callable[[Sandbox], None]
    done: threading.Event
    failure: Failure | None = None
    error: BaseException | None = None


class Observer:
    """Carries out builds for the local service, and shows each sandbox before its start command is run."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits
        self._waiting: dict[str, _Waiting] = {}
        self.title = "verify"

    def expect(self, name: str, look: Callable[[Sandbox], None]) -> _Waiting:
        """Be ready for the build of a template called `name`."""
        self._waiting[name] = _Waiting(look, threading.Event())
        return self._waiting[name]

    def forget(self, name: str) -> None:
        self._waiting.pop(name, None)

    def run(self, job: Job) -> None:
        """The local service's call. The start command is left to the observation, and nothing waits to be ready."""
        waiting = self._waiting[job.name]
        start_cmd = job.body.get("startCmd") or ""
        body = {key: value for key, value in job.body.items() if key not in ("startCmd", "readyCmd")}

        def when_ready(shell: Shell, context: Context) -> None:
            waiting.look(Sandbox(shell, context, start_cmd))

        try:
            result = execute(
                body,
                provider=job.provider,
                engine=self._engine,
                files=job.files,
                name=job.name,
                build_id=job.build_id,
                limits=self._limits,
                log=job.log,
                cancelled=job.cancelled,
                when_ready=when_ready,
            )
            if result.image:
                self._remove(result.image)
            waiting.failure = result.error
        except BaseException as error:
            waiting.error = error
            raise
        finally:
            waiting.done.set()
        if result.error is not None:
            raise BuildFailed(result.error.message, result.error.step)

    def _remove(self, image: str) -> None:
        client = self._engine.client()
        try:
            remove_image(client, image)
        finally:
            client.close()

    def close(self) -> None:
        """Leave no container behind."""
        self._engine.remove_containers()


class Service:
    """The local service for one provider, without that provider's quotas."""

    def __init__(self, server: Server, observer: Observer) -> None:
        self._observer = observer
        self._provider = server.provider
        self._connection = Connection(server.api_key, server.url, "the local service")

    @classmethod
    @contextmanager
    def running(cls, provider: Provider, observer: Observer, logs: Path) -> Iterator[Service]:
        """Answering while the block lasts; logs of builds go to the folder `logs`."""
        from d2t.local.server import running

        free = {key: fact._replace(value=0) for key, fact in provider.facts.items() if key.startswith("quotas.")}
        with running(
            replace(provider, facts={**provider.facts, **free}), builder=observer, log_directory=logs
        ) as server:
            yield cls(server, observer)

    def build(self, send: Callable[[Connection, str], Build], look: Callable[[Sandbox], None]) -> Failure | None:
        """Submit a template with the SDK and wait; None when it was built. `look` is called with its sandbox."""
        name = f"verify-{secrets.token_hex(8)}"
        waiting = self._observer.expect(name, look)
        try:
            send(self._connection, name)
            waiting.done.wait()
        except ServiceError as error:
            return Failure(str(error))
        finally:
            self._observer.forget(name)
        if waiting.error is not None:
            raise waiting.error
        return waiting.failure

    def build_empty(self, base: str, look: Callable[[Sandbox], None]) -> Failure | None:
        """The empty template on a base image, with a start command that stays."""
        template = Template(FromImage(base), start_cmd=shlex.join(("exec", *STAY)), provider=self._provider.id)
        cpu, memory = resources(template, self._provider)

        def send(connection: Connection, name: str) -> Build:
            return submit(template, name=name, cpu_count=cpu, memory_mb=memory, connection=connection)

        return self.build(send, look)
