"""Reading Dockerfiles for commands: a path or `-`, and one clear line for what cannot be read."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from d2t.diagnostics import Diagnostic
from d2t.dockerfile.source import MAX_BYTES, UnreadableError, decode

STDIN = "-"
DEFAULTS = ("Dockerfile", "Containerfile")  # Docker's name before Podman's


class Source(NamedTuple):
    """One Dockerfile as a command was given it."""

    path: str  # as the user gave it, for messages; "-" for standard input
    text: str = ""
    problem: Diagnostic | None = None  # why there is no text
    missing: bool = False  # there is no such file, or it cannot be opened: the environment's fault, not the file's

    @property
    def exit_code(self) -> int:
        """What a command that needs this file ends with: 0 when it was read."""
        return 0 if self.problem is None else 2 if self.missing else 1

    @property
    def folder(self) -> str:
        """Where the file is, the current folder for standard input."""
        return os.path.dirname(os.path.abspath(self.path)) if self.path != STDIN else os.getcwd()

    @property
    def settings_path(self) -> str:
        """The path to look for settings from."""
        return self.path if self.path != STDIN else os.path.join(os.getcwd(), DEFAULTS[0])


def read(path: str, name: str = "") -> Source:
    """One file, or standard input for `-`; `name` is the path to show instead.

    Never raises: what is wrong is in `problem`.
    """
    try:
        if path == STDIN:
            if sys.stdin is None:
                raise ValueError("standard input is closed")
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(MAX_BYTES + 1)  # no more: it may be a disk image, or endless
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        return Source(name or path, problem=_unreadable(_reason(error)), missing=True)
    if len(data) > MAX_BYTES:
        problem = _unreadable(f"too large for a Dockerfile: more than {MAX_BYTES:,} bytes")
        return Source(name or path, problem=problem)
    try:
        return Source(name or path, decode(data))
    except UnreadableError as error:
        return Source(name or path, problem=_unreadable(str(error)))


def _unreadable(message: str) -> Diagnostic:
    from d2t.rules import reading

    return reading.unreadable_file(None, message)


def default(named: str = "") -> str:
    """The Dockerfile when none is given: the one that settings name, else `Dockerfile` or `Containerfile` here.

    Raises click.UsageError when there is none.
    """
    if named:
        return os.path.relpath(named)
    for name in DEFAULTS:
        if os.path.lexists(name):
            return name
    import click

    raise click.UsageError(f"there is no {' or '.join(DEFAULTS)} in this folder: name a file, or - for standard input")


def _reason(error: OSError | ValueError) -> str:
    text = (isinstance(error, OSError) and error.strerror) or str(error)
    return text[:1].lower() + text[1:]
