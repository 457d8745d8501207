from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bases.fake import Registry


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, cache, proxies and engine of whoever runs the tests."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry().running() as registry:
        yield registry


@pytest.fixture
def other() -> Iterator[Registry]:
    """A second server, whose host the first one may name."""
    with Registry().running() as registry:
        yield registry


@pytest.fixture
def docker_config(tmp_path: Path) -> Callable[..., None]:
    def write(**tables: Any) -> None:
        (tmp_path / "docker").mkdir(exist_ok=True)
        (tmp_path / "docker/config.json").write_text(json.dumps(tables), encoding="utf-8")

    return write


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts `docker-credential-NAME` on PATH, a shell script; what it is asked is kept in the file that is returned."""

    def make(name: str, script: str) -> Path:
        folder, asked = tmp_path / "bin", tmp_path / "asked"
        folder.mkdir(exist_ok=True)
        program = folder / f"docker-credential-{name}"
        program.write_text(f'#!/bin/sh\necho "$1 $(cat)" >>{asked}\n{script}\n', encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        return asked

    return make
