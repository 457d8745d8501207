"""Configs from registries, by the OCI distribution spec: a tag's digest, the manifest for linux/amd64, its config."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from d2t import __version__
from d2t.bases import credentials
from d2t.bases.cache import Cache, is_digest, matches
from d2t.bases.credentials import Login
from d2t.bases.platform import OWN, described
from d2t.bases.transport import Connection, client
from d2t.plan.base import BaseConfigError, BaseNotRead, BaseRefused, read_config
from d2t.plan.build import ImageConfig

_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_ACCEPT = ", ".join((*_INDEXES, *_MANIFESTS))
_HUB_API = "registry-1.docker.io"  # docker/docker, registry/config.go
_DEPTH = 3  # an index may hold an index


class RegistrySource:
    """Asks the registry that a reference names. Thread-safe."""

    def __init__(self, cache: Cache, login: tuple[str, Login] | None = None) -> None:
        """`login` is a reference with the login for it; others have the user's Docker credentials."""
        self._cache = cache
        self._given = login
        self._logins = credentials.Logins()
        self._client = client(f"d2t/{__version__}")

    def __call__(self, reference: str) -> ImageConfig:
        """The config of an image. Raises BaseNotRead and BaseRefused."""

        def login(registry: str) -> Login | None:
            if self._given is not None and self._given[0] == reference:
                return self._given[1]
            return self._logins.of(registry)

        return _Lookup(self._client, self._cache, reference, login).config()

    def close(self) -> None:
        self._client.close()


class _Lookup:
    def __init__(
        self, client: httpx.Client, cache: Cache, reference: str, login: Callable[[str], Login | None]
    ) -> None:
        self._client = client
        self._cache = cache
        self._reference = reference
        self._login = login
        name, _, self._digest = reference.partition("@")
        self._registry, _, path = name.partition("/")
        self._repository, _, self._tag = path.partition(":")
        self._made: Connection | None = None

    def config(self) -> ImageConfig:
        """The config for linux/amd64, or for Windows when the image is for nothing else."""
        manifest = self._object("manifests", self._digest) if self._digest else self._tagged()
        for _ in range(_DEPTH):
            if "manifests" not in manifest:
                break
            manifest = self._object("manifests", self._chosen(manifest))
        config = manifest.get("config")
        if not isinstance(config, Mapping) or not is_digest(config.get("digest")):
            raise self._broken("its manifest names no config")
        data = self._object("blobs", config["digest"])
        platform = described(data.get("os"), data.get("architecture"))
        if platform != OWN and not platform.startswith("windows/"):
            raise self._no_match([platform])
        try:
            return read_config(data)
        except BaseConfigError as error:
            raise self._broken(f"its config: {error}") from None

    def _tagged(self) -> Mapping[str, Any]:
        """The manifest of a tag. Its digest is asked for first: that is free of rate limits, and the rest may be known."""
        path = f"manifests/{self._tag}"
        answer = self._connection.get(path, method="HEAD", accept=_ACCEPT)
        digest = answer.headers.get("docker-content-digest", "")
        if answer.status == 200 and is_digest(digest):
            return self._object("manifests", digest)
        answer = self._connection.get(path, accept=_ACCEPT)
        said = answer.headers.get("docker-content-digest", "")
        if is_digest(said) and not matches(answer.body, said):
            raise self._broken("its manifest does not have the digest that the registry says")
        digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        return self._kept(digest, answer.body)

    def _object(self, kind: str, digest: str) -> Mapping[str, Any]:
        """A manifest or blob by its digest, from the cache where that has it."""
        data = self._cache.get(digest)
        if data is None:
            answer = self._connection.get(f"{kind}/{digest}", accept=_ACCEPT if kind == "manifests" else "*/*")
            if not matches(answer.body, digest):
                raise self._broken(f"what was sent does not have the digest {digest}")
            return self._kept(digest, answer.body)
        return self._parsed(data)

    def _kept(self, digest: str, data: bytes) -> Mapping[str, Any]:
        found = self._parsed(data)
        self._cache.put(digest, data)
        return found

    def _parsed(self, data: bytes) -> Mapping[str, Any]:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            raise self._broken("what was sent is not JSON") from None
        if not isinstance(found, Mapping):
            raise self._broken("what was sent is no manifest")
        return found

    def _chosen(self, index: Mapping[str, Any]) -> str:
        """The digest of the manifest for linux/amd64; the first for Windows when there is none for Linux."""
        offered: dict[str, str] = {}
        entries = index["manifests"]
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, Mapping) or not is_digest(entry.get("digest")):
                continue
            platform = entry.get("platform")
            said = platform if isinstance(platform, Mapping) else {}
            if said.get("os") == "unknown":
                continue  # BuildKit's attestations
            name = described(said.get("os"), said.get("architecture"), said.get("variant"))
            offered.setdefault(name, entry["digest"])
        if OWN in offered:
            return offered[OWN]
        if offered and all(name.startswith("windows/") for name in offered):
            return next(iter(offered.values()))
        raise self._no_match(list(offered))

    @property
    def _connection(self) -> Connection:
        if self._made is None:
            host = _HUB_API if self._registry == credentials.HUB else self._registry
            self._made = Connection(self._client, host, self._registry, self._repository, self._own_login)
        return self._made

    def _own_login(self) -> Login | None:
        return self._login(self._registry)

    def _no_match(self, offered: list[str]) -> BaseRefused:
        shown = [name for name in offered if name.isprintable()][:8]
        has = f": it is for {', '.join(shown)}" if shown else ""
        return BaseRefused(f"{self._reference} has no image for {OWN}{has}")

    def _broken(self, what: str) -> BaseNotRead:
        return BaseNotRead(f"{self._registry} gives no usable image: {what}")
