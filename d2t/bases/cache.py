"""Manifests and configs on disk, named by their digests. What is kept is public to whoever may read the image: no
credentials, no tokens, no addresses."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

_DIGEST = re.compile(r"(sha256|sha384|sha512):([0-9a-f]+)\Z")
_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


def is_digest(text: object) -> bool:
    """Whether it is a digest of an algorithm that can be checked."""
    found = _DIGEST.match(text) if isinstance(text, str) else None
    return found is not None and len(found[2]) == _LENGTHS[found[1]]


def matches(data: bytes, digest: str) -> bool:
    """Whether the data has this digest."""
    algorithm, _, value = digest.partition(":")
    return hashlib.new(algorithm, data).hexdigest() == value


def user_folder() -> Path:
    """Where programs of this user keep what they can get again: XDG_CACHE_HOME, or what the system has for it."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


class Cache:
    """A folder of files that are named by the digest of their content. A folder that cannot be written keeps nothing."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or user_folder() / "d2t" / "images"

    def get(self, digest: str) -> bytes | None:
        """What has this digest, None if it is not there or damaged."""
        try:
            data = self._path(digest).read_bytes()
        except OSError:
            return None
        return data if matches(data, digest) else None

    def put(self, digest: str, data: bytes) -> None:
        """Keep what has this digest."""
        path = self._path(digest)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                os.replace(name, path)
            except OSError:
                os.unlink(name)

    def _path(self, digest: str) -> Path:
        assert is_digest(digest)
        algorithm, _, value = digest.partition(":")
        return self._folder / algorithm / value
