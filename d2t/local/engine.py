"""The container engine that executes builds, and how one is chosen."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from d2t.local.container import OWNER_LABEL

if TYPE_CHECKING:
    from docker import DockerClient

CHOICES = ("auto", "docker", "none")
REQUEST_SECONDS = 1800  # of silence: committing or pulling a large image takes its time


class EngineError(Exception):
    """There is no engine to use; the text says why."""


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker engine, or another one with its API."""

    url: str
    version: str
    network: str  # the network of containers: "" for the engine's default, or "none" where it has none
    owner: str = field(default_factory=_owner)  # the label of the containers that this process makes

    @property
    def title(self) -> str:
        return f"{self.version} at {self.url}"

    def client(self) -> DockerClient:
        """A connection of its own: one is not shared between threads."""
        import docker

        if self.url == os.environ.get("DOCKER_HOST"):
            return docker.from_env(timeout=REQUEST_SECONDS)
        return docker.DockerClient(self.url, timeout=REQUEST_SECONDS)

    def remove_containers(self) -> None:
        """Delete what this process's builds left, and what those left whose process is gone."""
        import docker.errors

        client = self.client()
        try:
            for container in client.containers.list(all=True, filters={"label": OWNER_LABEL}, ignore_removed=True):
                owner = container.labels[OWNER_LABEL]
                if owner == self.owner or _is_gone(owner):
                    with suppress(docker.errors.APIError):  # on its way already
                        container.remove(force=True)
        finally:
            client.close()


def find() -> Engine:
    """The engine that DOCKER_HOST names, else the first that answers. Raises EngineError."""
    try:
        import docker
        import docker.errors
        import requests
    except ImportError as error:
        raise EngineError(f"executing builds needs more packages ({error.name}): pip install 'd2t[local]'") from None
    problems = []
    for url in _candidates():
        try:
            client = (
                docker.from_env(timeout=10)
                if url == os.environ.get("DOCKER_HOST")
                else docker.DockerClient(url, timeout=10)
            )
        except (docker.errors.DockerException, ValueError) as error:
            problems.append(f"{url}: {_reason(error)}")
            continue
        try:
            version = client.version()
            networks = {network.name for network in client.networks.list()}
        except (docker.errors.DockerException, requests.RequestException) as error:
            problems.append(f"{url}: {_reason(error)}")
            continue
        finally:
            client.close()
        name = next(iter(version.get("Components") or ({"Name": "Docker"},)))["Name"].removesuffix(" Engine")
        network = "" if networks & {"bridge", "podman"} else "none"
        return Engine(url, f"{'Docker' if name == 'Engine' else name} {version['Version']}", network)
    raise EngineError("; ".join(problems) or "no Docker engine was found: start one, or set DOCKER_HOST")


def _candidates() -> Iterator[str]:
    if host := os.environ.get("DOCKER_HOST"):
        yield host
        return
    run = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    for path in (
        "/var/run/docker.sock",
        f"{Path.home()}/.docker/run/docker.sock",
        f"{run}/docker.sock",
        f"{run}/podman/podman.sock",
        "/run/podman/podman.sock",
    ):
        if os.path.exists(path):
            yield f"unix://{path}"


def _is_gone(owner: str) -> bool:
    host, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _reason(error: Exception) -> str:
    text = str(error)
    for known in ("Connection refused", "No such file or directory", "Permission denied"):
        if known in text:
            return known
    return text.splitlines()[0] if text else type(error).__name__
