"""Reading Dockerfiles: what cannot be read is one line, never a traceback."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from d2t.cli import sources
from d2t.rules import reading


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "web.Dockerfile"
    file.write_bytes("FROM debian:12\r\nRUN echo é\n".encode())
    source = sources.read(str(file))
    assert (source.text, source.problem, source.exit_code) == ("FROM debian:12\r\nRUN echo é\n", None, 0)
    assert source.folder == str(tmp_path)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"FROM debian:12\n")))
    source = sources.read("-")
    assert (source.path, source.text, source.folder) == ("-", "FROM debian:12\n", os.getcwd())


def test_standard_input_under_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"\xff")))
    source = sources.read("-", "a/Dockerfile")
    assert source.path == "a/Dockerfile"
    assert source.problem is not None


def test_closed_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert sources.read("-").problem == reading.unreadable_file(None, "standard input is closed")


def problem(path: object) -> tuple[str, int]:
    source = sources.read(str(path))
    assert source.text == ""
    assert source.problem is not None
    assert source.problem.code == "D2T100"
    assert "\n" not in source.problem.message
    return source.problem.message, source.exit_code


def test_what_the_environment_lacks(tmp_path: Path) -> None:
    assert problem(tmp_path / "no") == ("no such file or directory", 2)
    assert problem(tmp_path) == ("is a directory", 2)
    assert problem(tmp_path / "a\0b") == ("embedded null byte", 2)
    (tmp_path / "loop").symlink_to("loop")
    assert problem(tmp_path / "loop")[1] == 2
    assert problem("x" * 5000)[1] == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("FROM x")
    (tmp_path / "f").chmod(0)
    assert problem(tmp_path / "f") == ("permission denied", 2)


def test_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"FROM x\nRUN \xe9\n")
    assert problem(file) == ("not UTF-8: byte 0xe9 on line 2", 1)
    file.write_bytes(b"\x7fELF\0\0")
    assert problem(file) == ("not a text file: it holds NUL bytes", 1)
    file.write_bytes(b"#" * 10_000_001)
    assert problem(file) == ("too large for a Dockerfile: more than 10,000,000 bytes", 1)
    assert problem("/dev/zero") == ("too large for a Dockerfile: more than 10,000,000 bytes", 1)


def test_an_empty_file_is_read(tmp_path: Path) -> None:
    """That there is nothing to build is for the reader of Dockerfiles to say."""
    (tmp_path / "f").touch()
    assert sources.read(str(tmp_path / "f")) == sources.Source(str(tmp_path / "f"))


def test_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(click.UsageError, match="there is no Dockerfile or Containerfile in this folder"):
        sources.default()
    (tmp_path / "Containerfile").touch()
    assert sources.default() == "Containerfile"
    (tmp_path / "Dockerfile").touch()
    assert sources.default() == "Dockerfile"
    assert sources.default(str(tmp_path / "docker/web.Dockerfile")) == "docker/web.Dockerfile"
