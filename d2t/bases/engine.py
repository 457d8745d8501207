"""Configs of the images that the local Docker or Podman engine has."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from d2t.bases.platform import OWN, described
from d2t.plan.base import BaseConfigError, BaseNotRead, read_config
from d2t.plan.build import ImageConfig

if TYPE_CHECKING:
    from docker import DockerClient


class EngineSource:
    """Asks the engine that `d2t.local.engine.find` finds, once it is needed. It pulls nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # a client is not shared between threads
        self._client: DockerClient | None = None
        self._title = ""
        self._problem = ""

    def __call__(self, reference: str) -> ImageConfig:
        """The config of an image. Raises BaseNotRead."""
        with self._lock:
            client = self._connected()
            import docker.errors
            import requests

            try:
                found = client.images.get(reference).attrs
            except docker.errors.ImageNotFound:
                raise BaseNotRead(f"the engine ({self._title}) has no such image: pull it first") from None
            except (docker.errors.DockerException, requests.RequestException) as error:
                raise BaseNotRead(f"the engine ({self._title}): {_line(error)}") from None
        platform = described(found.get("Os"), found.get("Architecture"))
        if platform not in (OWN, "windows/amd64"):
            raise BaseNotRead(f"the engine ({self._title}) has it for {platform}, not for {OWN}")
        try:
            return read_config(found)
        except BaseConfigError as error:
            raise BaseNotRead(f"the engine ({self._title}): its config: {error}") from None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _connected(self) -> DockerClient:
        if self._problem:
            raise BaseNotRead(self._problem)
        if self._client is None:
            from d2t.local.engine import EngineError, find

            try:
                engine = find()
                self._client, self._title = engine.client(), engine.title
            except EngineError as error:
                self._problem = str(error)
                raise BaseNotRead(self._problem) from None
        return self._client


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
