"""What commands say besides their results: diagnostics and single lines, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn, TextIO

import click

from d2t.report import Report, render
from d2t.report.color import wanted
from d2t.report.terminal import visible


def width(stream: TextIO | None = None) -> int:
    """The cells of a line of a stream (standard error): the terminal's, 80 where there is none."""
    if not (stream or sys.stderr).isatty():
        return 80
    import shutil

    return shutil.get_terminal_size().columns


def show(reports: Sequence[Report]) -> None:
    """Diagnostics for people."""
    click.echo(render(reports, "full", color=wanted(sys.stderr), width=width()), err=True, nl=False)


def note(message: str) -> None:
    """One line."""
    click.echo(visible(message), err=True)


def warn(message: str) -> None:
    """One line that stops nothing."""
    note(f"warning: {message}")


def error(message: str) -> None:
    """One line that says why something stops."""
    note(f"error: {message}")


def fail(message: str, code: int = 2) -> NoReturn:
    """One line, and the end."""
    error(message)
    sys.exit(code)
