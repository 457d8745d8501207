"""The yardstick: what the engine's own `docker build` and `docker run` make of a Dockerfile."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from d2t.local import attach
from d2t.local.engine import EngineError
from d2t.plan.base import read_config
from d2t.plan.build import ImageConfig
from d2t.verify import processes
from d2t.verify.layers import LayerReader
from d2t.verify.state import Files, Process, Start

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

    from d2t.local.engine import Engine

HOSTNAME = "sandbox"
LABEL = "d2t.verify"
REPOSITORY = "d2t-verify"
_LOOKS = 100
_PAUSE_SECONDS = 0.1
_PLACE = re.compile(r"^\S*?:(\d+)$", re.M)  # BuildKit's excerpt of a failed step begins with "Dockerfile:7"
_NOISE = re.compile(r"^(#\d+ |-+$|\s*$|View build details)")


class VerifyError(Exception):
    """Verification cannot be done here: no engine, no client. The message says what is missing."""


def engine_errors() -> tuple[type[Exception], ...]:
    """What a failing engine raises."""
    from docker.errors import DockerException
    from requests import RequestException

    return DockerException, RequestException


@dataclass(frozen=True, slots=True)
class Built:
    """What `docker build` gave: an image, or an error with the Dockerfile's line (0: not named)."""

    image: str = ""
    error: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Builder:
    """`docker build` through the client's command line: BuildKit is not in the engine's API for clients."""

    argv: tuple[str, ...]
    engine: Engine

    @classmethod
    def find(cls, engine: Engine) -> Builder:
        """The client for this engine.

        Raises VerifyError when there is none.
        """
        if docker := shutil.which("docker"):
            return cls((docker, "build"), engine)
        if podman := shutil.which("podman"):
            return cls((podman, "build", "--format", "docker"), engine)
        raise VerifyError("verify needs the `docker` command (with buildx) or `podman` on PATH: neither is there")

    def build(
        self,
        dockerfile: Path,
        context: Path,
        *,
        build_args: Mapping[str, str] | None = None,
        target: str = "",
        tag: str,
        fresh: bool = False,
    ) -> Built:
        """Build an image called `tag`; `fresh` leaves the build cache out. A failing Dockerfile is no exception."""
        command = [*self.argv, "--tag", tag, "--file", str(dockerfile)]
        command += ["--network", self.engine.network] if self.engine.network else []
        command += ["--target", target] if target else []
        command += ["--no-cache"] if fresh else []
        for name, value in (build_args or {}).items():
            command += ["--build-arg", f"{name}={value}"]
        done = subprocess.run(
            [*command, str(context)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "DOCKER_HOST": self.engine.url, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"},
            check=False,
        )
        output = done.stdout.decode("utf-8", "replace")
        return Built(image=tag) if done.returncode == 0 else _failed(output, done.returncode)


def _failed(output: str, status: int) -> Built:
    lines = [line for line in output.splitlines() if not _NOISE.match(line)]
    said = next((line for line in reversed(lines) if line.startswith("ERROR:")), lines[-1] if lines else "")
    place = _PLACE.findall(output)
    reason = said.removeprefix("ERROR: ") or f"docker build ended with status {status}"
    return Built(error=reason, line=int(place[-1]) if place else 0)


class Images:
    """Reads the files of images, several with one request: layers that they share are sent once."""

    def __init__(self, client: DockerClient, reader: LayerReader) -> None:
        self._client = client
        self._reader = reader

    def files(self, images: Sequence[str]) -> dict[str, Files]:
        """The files of each image, by the name or id given."""
        ids = {image: self._client.images.get(image).id for image in images}
        api = self._client.api
        response = api.get(
            f"{api.base_url}/v{api.api_version}/images/get", params={"names": list(images)}, stream=True, timeout=None
        )
        with response:
            response.raise_for_status()
            found = self._reader.read(cast(IO[bytes], response.raw))
        return {image: found[identity] for image, identity in ids.items()}


def remove_image(client: DockerClient, image: str) -> None:
    """Remove an image by its name if it is there; the build cache stays."""
    from docker.errors import APIError

    try:
        client.images.remove(image)
    except APIError:
        return


def owner() -> str:
    """This process, in characters that a tag may have."""
    return f"{_host()}-{os.getpid()}"


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", socket.gethostname()).strip("-") or "host"


def remove_stale(client: DockerClient) -> None:
    """Remove what processes of this machine left that are gone."""
    for image in client.images.list(REPOSITORY):
        for tag in image.tags:
            host, _, rest = tag.removeprefix(f"{REPOSITORY}:").rpartition("-")[0].rpartition("-")
            if host == _host() and rest.isdecimal() and not _lives(int(rest)):
                remove_image(client, tag)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def base_config(client: DockerClient, image: str) -> ImageConfig | None:
    """The config of a base image as the engine has it, pulled when it has not; None when it cannot be had."""
    from docker.errors import APIError

    try:
        return read_config(client.images.get(image).attrs)
    except APIError:
        with suppress(APIError):
            return read_config(client.images.pull(*_reference(image)).attrs)
    return None


def _reference(image: str) -> tuple[str, str]:
    """Repository and tag; without a tag a pull would fetch them all."""
    repository, colon, tag = image.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (image, "latest")


class Running:
    """A container with a start command in it, to be looked at while it runs."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def look(self) -> Start:
        """The start command now.

        Raises EngineError when it runs and cannot be seen.
        """
        from docker.errors import APIError

        for _ in range(_LOOKS):  # it may end, or just begin, while it is looked at
            self._container.reload()
            if not self._container.attrs["State"]["Running"]:
                output = self._container.logs(stdout=True, stderr=False).decode("utf-8", "surrogateescape")
                return Start(exit_code=int(self._container.attrs["State"]["ExitCode"]), output=output)
            with suppress(APIError):
                process = process_of(self._container, lambda found, own: 1)
                if process is not None:
                    return Start(process)
            time.sleep(_PAUSE_SECONDS)
        raise EngineError("the first process of the container cannot be seen")

    def later(self) -> Process | None:
        """What `docker exec` starts with: the user, folder and environment of the image's config."""
        found, _ = _dump(self._container, processes.SELF)
        return next((seen.process for seen in found.values()), None)


def look_at(container: Container, user: str = "0:0") -> tuple[dict[int, processes.Seen], int]:
    """The processes of a container by pid, and the pid of the script that looked. Runs the image's own /bin/sh."""
    quiet = {"LD_PRELOAD": "", "ENV": "", "BASH_ENV": ""}
    return _dump(container, processes.LOOK, user=user, env=quiet, workdir="/")


def _dump(container: Container, script: str, **options: Any) -> tuple[dict[int, processes.Seen], int]:
    printed = attach.output(container.client.api, container.id, ["/bin/sh", "-c", script], **options)
    return processes.parse(printed.decode("utf-8", "replace"))


def process_of(
    container: Container, choose: Callable[[Mapping[int, processes.Seen], int], int | None]
) -> Process | None:
    """The process that `choose` picks from those of a container, with its descendants.

    Root in a container may not read the environment of other users' processes: those are asked for as their user.
    """
    found, own = look_at(container)
    pid = choose(found, own)
    process = processes.tree(found, pid) if pid is not None else None
    if process is None or pid is None or process.cwd:
        return process
    again = look_at(container, f"{process.uid}:{process.gid}")[0].get(pid)
    return replace(process, env=again.process.env, cwd=again.process.cwd) if again else process


@contextmanager
def running(client: DockerClient, image: str, *, keep: bool = False) -> Iterator[Running]:
    """`docker run -d IMAGE`, removed at the end. `keep` replaces its command by one that stays."""
    from docker.errors import APIError

    options: dict[str, Any] = {"entrypoint": ["/bin/sh", "-c", "while :; do sleep 3600; done"]} if keep else {}
    container = client.containers.create(
        image,
        network_mode="none",
        hostname=HOSTNAME,
        labels={LABEL: owner()},
        detach=True,
        **options,
    )
    try:
        with suppress(APIError):  # a command that cannot be run: its state says so
            container.start()
        yield Running(container)
    finally:
        container.remove(force=True, v=True)


def has_start(client: DockerClient, image: str) -> bool:
    """Whether `docker run IMAGE` has something to run."""
    config = client.images.get(image).attrs["Config"]
    return bool(config.get("Entrypoint") or config.get("Cmd"))
