"""A sandbox from a local build: what a user of the template would get."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from d2t.local import attach, finalize, images
from d2t.local.channel import ChannelClosed, TimedOut
from d2t.local.container import NotStarted, Sandbox
from d2t.local.engine import Engine, EngineError
from d2t.local.finalize import FinalizeFailed, Limits
from d2t.local.images import LocalBuild
from d2t.local.shell import CommandFailed, Identity, Shell

ENTER = 'cd "$1" || exit; unset OLDPWD PWD; shift; exec "$@"'


class Session:
    """A running sandbox. Commands see the user and workdir of the template's final context, and not its variables."""

    def __init__(self, sandbox: Sandbox, build: LocalBuild) -> None:
        self._sandbox = sandbox
        self._api: Any = sandbox.client.api
        shell = Shell(sandbox, Identity(template_id=build.name), Limits().step)
        account, self._folder = shell.where(build.context.user, build.context.workdir)
        self._user = str(account.uid) if account.name.isdigit() else account.name
        self._environment = [f"{name}={value}" for name, value in shell.environment(account, {}).items()] + ["HOSTNAME"]

    def run(self, command: str, write: Callable[[int, bytes], None]) -> int:
        """Run one command as the SDK's `sandbox.commands.run` does; its exit code. `write` gets the output."""
        created = self._exec(["/bin/bash", "-l", "-c", command], tty=False)
        for stream, data in attach.chunks(attach.begin(self._api, created["Id"])):
            write(stream, data)
        return self._code(created)

    def interact(self) -> int:
        """A login shell on the terminal that this process has; its exit code."""
        import termios
        import tty

        created = self._exec(["/bin/bash", "-l"], tty=True)
        attached = attach.begin(self._api, created["Id"], tty=True)
        keyboard = sys.stdin.fileno()
        before = termios.tcgetattr(keyboard)

        def resize(*_: object) -> None:
            size = os.get_terminal_size(keyboard)
            self._api.exec_resize(created["Id"], height=size.lines, width=size.columns)

        previous = signal.signal(signal.SIGWINCH, resize)
        try:
            tty.setraw(keyboard, termios.TCSADRAIN)  # what was typed already counts
            resize()
            _write(attached.early)
            _relay(keyboard, attached.connection)
        finally:
            termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
            signal.signal(signal.SIGWINCH, previous)
        return self._code(created)

    def _exec(self, argv: list[str], tty: bool) -> Any:
        return self._api.exec_create(
            self._sandbox.docker.id,
            ["/bin/sh", "-c", ENTER, "sh", self._folder, *argv],
            tty=tty,
            stdin=tty,
            user=self._user,
            workdir="/",
            environment=[*self._environment, f"TERM={os.environ.get('TERM', 'xterm')}"] if tty else self._environment,
        )

    def _code(self, created: Any) -> int:
        return int(self._api.exec_inspect(created["Id"])["ExitCode"] or 0)


@contextmanager
def session(engine: Engine, name: str, limits: Limits | None = None) -> Iterator[tuple[Session, str]]:
    """A sandbox from the newest successful local build of a template, and what went wrong when it started ("" nothing).

    Its start command runs, and the ready command has succeeded. Raises EngineError when there is no such build.
    """
    import docker.errors

    client = engine.client()
    try:
        build = next(images.builds(client, name), None)
        if build is None:
            known = ", ".join(sorted({each.name for each in images.builds(client)})) or "none"
            raise EngineError(f"no successful local build of {name!r} (there are: {known})")
        cancelled = threading.Event()
        with Sandbox(client, build.image_id, engine.owner, engine.network, cancelled) as sandbox:
            problem = ""
            try:
                _start(sandbox, build, limits or Limits(), cancelled)
            except FinalizeFailed as failure:
                problem = failure.message
            try:
                opened = Session(sandbox, build)
            except CommandFailed as failure:
                raise EngineError(f"{name}: {failure.status}") from None
            yield opened, problem
    except (docker.errors.DockerException, ChannelClosed, NotStarted, TimedOut) as error:
        raise EngineError(f"the engine failed: {error}") from None
    finally:
        client.close()


def _start(sandbox: Sandbox, build: LocalBuild, limits: Limits, cancelled: threading.Event) -> None:
    if build.start is None or not build.start.command:
        return
    shell = Shell(sandbox, Identity(template_id=build.name), limits.step)
    started = finalize.begin(shell, build.start, lambda stream, text: None)
    if build.start.ready:  # without one the service waits while it builds; a sandbox is there at once
        finalize.wait_until_ready(
            shell, build.start, started, limits, cancelled, lambda stream, text: None, lambda level, text: None
        )


def _relay(keyboard: int, connection: Any) -> None:
    """Bytes both ways until the other side closes."""
    while True:
        ready = select.select([keyboard, connection], [], [])[0]
        if connection in ready:
            data = connection.recv(1 << 16)
            if not data:
                return
            _write(data)
        if keyboard in ready:
            typed = os.read(keyboard, 1 << 16)
            if not typed:
                return
            connection.sendall(typed)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]
