"""A container in which a template is built. Everything that a template does happens inside one.

Its first process is a root shell that waits for scripts (see `channel`). Nothing of the machine is mounted, and no path
of the machine is ever made from what a container says.
"""

from __future__ import annotations

import os
import shlex
import tarfile
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from d2t.local import attach
from d2t.local.channel import Channel, Output, Sink

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container as DockerContainer

PIPES = "/dev/.d2t"  # below /dev: never part of an image
OWNER_LABEL = "d2t.owner"  # whose container it is: see `engine`
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class UnsafeEngine(Exception):
    """A process in a container sees the machine's files."""


class NotStarted(Exception):
    """The engine cannot start a shell from the image: its text says why."""


class Sandbox:
    """A running container. A context manager: at its end the container is removed, whatever happened."""

    def __init__(self, client: DockerClient, image: str, owner: str, network: str, cancelled: threading.Event) -> None:
        self.client = client
        self.network = network
        self._image = image
        self._owner = owner
        self._cancelled = cancelled
        self._container: DockerContainer | None = None
        self._channels: list[Channel] = []

    def __enter__(self) -> Sandbox:
        import docker.errors

        config = self.client.images.get(self._image).attrs["Config"] or {}
        names = [entry.partition("=")[0] for entry in config.get("Env") or ()]
        created = self.client.api.create_container(
            self._image,
            entrypoint=["/bin/sh"],
            user="0:0",
            working_dir="/",
            stdin_open=True,
            environment=[name for name in names if name != "PATH"] + [f"PATH={DEFAULT_PATH}"],  # a bare name unsets
            healthcheck={"test": ["NONE"]},
            labels={OWNER_LABEL: self._owner},
            host_config=self.client.api.create_host_config(
                auto_remove=True, network_mode=self.network or None, log_config={"Type": "none"}
            ),
        )
        self._container = self.client.containers.get(created["Id"])
        try:
            raw = self.client.api.attach_socket(created["Id"], {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
            self._channel = self._open(getattr(raw, "_sock", raw), raw)
            try:
                self._container.start()
            except docker.errors.APIError as error:
                raise NotStarted(str(error.explanation)) from None
            self._check_that_it_is_closed()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.remove()

    @property
    def docker(self) -> DockerContainer:
        """The engine's own handle."""
        assert self._container is not None
        return self._container

    def call(self, script: str, sink: Sink | None = None, timeout: float = 60.0) -> Output:
        """Run a script of ours inside, as root. Raises what `Channel.call` raises."""
        return self._channel.call(script, sink, timeout)

    def watch(self, look: Callable[[], bool] | None) -> None:
        """While `look` is set and says true, scripts end with `Interrupted`."""
        self._channel.watch = look

    def put(self, path: str, file: Path) -> None:
        """Copy one file of the machine into the container, owned by root. `path` is ours, not a template's."""
        folder, name = os.path.split(path)
        self.call(f"mkdir -p {shlex.quote(folder)}")
        with tempfile.TemporaryFile() as archive:
            with tarfile.open(fileobj=archive, mode="w") as tar, file.open("rb") as source:
                entry = tarfile.TarInfo(name)
                entry.size = os.fstat(source.fileno()).st_size
                entry.mode = 0o644
                tar.addfile(entry, source)
            archive.seek(0)
            self.docker.put_archive(folder, archive)

    def spawn(self, argv: Sequence[str], user: str, env: Mapping[str, str]) -> str:
        """Start a process as a user; its id for `exit_code`. Raises docker.errors.APIError when it does not start."""
        environment = [f"{name}={value}" for name, value in env.items()]
        if "HOSTNAME" not in env:
            environment.append("HOSTNAME")  # the engine would add it
        created = self.client.api.exec_create(
            self.docker.id, list(argv), stdout=False, stderr=False, user=user, workdir="/", environment=environment
        )
        self.client.api.exec_start(created["Id"], detach=True)
        return str(created["Id"])

    def exit_code(self, process: str) -> int | None:
        """None while it runs."""
        state = self.client.api.exec_inspect(process)
        return None if state["Running"] else int(state["ExitCode"] or 0)

    def read(self, argv: Sequence[str]) -> Channel:
        """A root process of ours whose output a channel carries."""
        created = self.client.api.exec_create(self.docker.id, list(argv), user="0:0", workdir="/")
        attached = attach.begin(self.client.api, created["Id"])
        return self._open(attached.connection, attached.response, attached.early)

    def remove(self) -> None:
        """Kill it; the engine then deletes it."""
        import docker.errors

        for channel in self._channels:
            channel.close()
        if self._container is not None:
            with suppress(docker.errors.APIError):  # gone already, or on its way
                self._container.remove(force=True)

    def _open(self, connection: Any, response: Any, early: bytes = b"") -> Channel:
        channel = Channel(connection, self._cancelled, early)
        channel.response = response  # type: ignore[attr-defined] # keeps the connection from being collected
        self._channels.append(channel)
        return channel

    def _check_that_it_is_closed(self) -> None:
        """Neither the first process nor one that joins later may see a file of the machine."""
        with tempfile.NamedTemporaryFile(prefix="d2t-canary-") as canary:
            probe = f"[ -e {shlex.quote(canary.name)} ]"
            if self.call(f"! {probe}").code:
                raise UnsafeEngine(f"its containers see the machine's files: {canary.name}")
            self.call(
                f"umask 0; mkdir -m 711 {PIPES}; cd {PIPES}; mkfifo out err go start.out start.err start.go; mkfifo -m 644 in"
            )
            joined = self.client.api.exec_create(
                self.docker.id, ["/bin/sh", "-c", f"[ -p {PIPES}/in ] && ! {probe}"], user="0:0", workdir="/"
            )
            self.client.api.exec_start(joined["Id"])
            if self.client.api.exec_inspect(joined["Id"])["ExitCode"]:
                raise UnsafeEngine("a process that joins a container sees the machine's files")
        self._channel.begin(f"exec 9<>{PIPES}/in")  # a standard input that never ends
