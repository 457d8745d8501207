"""What the user's Docker client logs in to a registry with: `~/.docker/config.json` and its credential helpers."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HUB = "docker.io"
HUB_KEY = "https://index.docker.io/v1/"  # docker/cli: what Docker Hub is called in the file
HELPER_SECONDS = 30
_TOKEN_USER = "<token>"  # docker-credential-helpers: the secret is an identity token


class CredentialsError(Exception):
    """The credentials are there, but cannot be read. The message holds none of them."""


@dataclass(frozen=True, slots=True)
class Login:
    """A user with a password, or a token in their place. Secrets stay out of `repr`."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)  # to be exchanged for a token of the registry
    registry_token: str = field(default="", repr=False)  # to be sent as it is

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        text = base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")
        return f"Basic {text}"


def find(registry: str) -> Login | None:
    """The user's login for a registry, by the host that an image's name begins with; None when there is none.

    Raises CredentialsError.
    """
    file = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CredentialsError(f"{file}: {(error.strerror or 'cannot be read').lower()}") from None
    except (ValueError, RecursionError):
        raise CredentialsError(f"{file}: not JSON") from None
    key = HUB_KEY if registry == HUB else registry
    helper = _entry(data, "credHelpers", registry) or _object(data).get("credsStore")
    if isinstance(helper, str) and helper and (login := _from_helper(helper, key)) is not None:
        return login
    entry = _entry(data, "auths", registry)
    return _from_entry(entry, file) if isinstance(entry, dict) else None


class Logins:
    """The user's logins. Each is looked for once: a helper may ask the user. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Login | CredentialsError | None] = {}

    def of(self, registry: str) -> Login | None:
        """See `find`."""
        with self._lock:
            if registry not in self._known:
                try:
                    self._known[registry] = find(registry)
                except CredentialsError as error:
                    self._known[registry] = error
            found = self._known[registry]
        if isinstance(found, CredentialsError):
            raise found
        return found


def _object(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {}


def _entry(data: Any, table: str, registry: str) -> Any:
    """What a table of the file says of a registry, under any of the names that Docker writes."""
    for key, value in _object(_object(data).get(table)).items():
        if _host(key) == registry:
            return value
    return None


def _host(key: str) -> str:
    """`https://index.docker.io/v1/` → `docker.io`."""
    host = re.sub(r"^https?://", "", key).partition("/")[0]
    return HUB if host in ("index.docker.io", "registry-1.docker.io") else host


def _from_entry(entry: Mapping[str, Any], file: Path) -> Login | None:
    def text(key: str) -> str:
        value = entry.get(key)
        return value if isinstance(value, str) else ""

    username, password = text("username"), text("password")
    if encoded := text("auth"):
        try:
            username, _, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, ValueError):
            raise CredentialsError(f"{file}: an `auth` is not base64") from None
        password = password.rstrip("\0")
    login = Login(username, password, text("identitytoken"), text("registrytoken"))
    return login if login != Login() else None


def _from_helper(helper: str, key: str) -> Login | None:
    """What `docker-credential-HELPER get` gives; None when it knows nothing of the registry."""
    name = f"docker-credential-{helper}"
    program = shutil.which(name) if re.fullmatch(r"[A-Za-z0-9._-]+", helper) else None
    if program is None:
        raise CredentialsError(f"the credential helper {name} is not on PATH")
    try:
        done = subprocess.run(
            [program, "get"], input=key.encode(), capture_output=True, timeout=HELPER_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise CredentialsError(f"{name} did not answer within {HELPER_SECONDS} seconds") from None
    except OSError as error:
        raise CredentialsError(f"{name}: {(error.strerror or 'cannot be run').lower()}") from None
    if done.returncode != 0:
        if b"credentials not found" in done.stdout + done.stderr:  # docker-credential-helpers, credentials/error.go
            return None
        raise CredentialsError(f"{name} ended with status {done.returncode}")
    try:
        answer = _object(json.loads(done.stdout))
        username, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, RecursionError):
        raise CredentialsError(f"{name} gave no credentials") from None
    if username == _TOKEN_USER:
        return Login(identity_token=secret)
    return Login(username, secret) if username or secret else None
