"""How a build under way is shown: one changing line on a terminal, plain lines elsewhere. All of it on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from d2t.report.terminal import visible
from d2t.service import Log, Watcher

if TYPE_CHECKING:
    import rich.progress


class Progress(Watcher, Protocol):
    """A watcher that also knows of the time before the build begins."""

    def note(self, message: str) -> None:
        """Something was done."""


class Plain:
    """One line for each thing that happens."""

    def note(self, message: str) -> None:
        click.echo(visible(message), err=True)

    def state(self, state: str) -> None:
        self.note(f"status: {state}")

    def log(self, entry: Log) -> None:
        level = f"{entry.level}: " if entry.level in ("warn", "error") else ""
        for line in entry.message.splitlines() or [""]:
            self.note(f"  {level}{line}")

    def trouble(self, message: str) -> None:
        self.note(f"{message}; trying again")


class Live:
    """Log lines pass above a line that shows the state and the time."""

    def __init__(self, bar: rich.progress.Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("sending")

    def note(self, message: str, style: str = "") -> None:
        self._bar.console.print(visible(message), style=style, markup=False, highlight=False, emoji=False)

    def state(self, state: str) -> None:
        self._bar.update(self._task, description=visible(state))

    def log(self, entry: Log) -> None:
        style = {"warn": "yellow", "error": "red"}.get(entry.level, "dim")
        for line in entry.message.splitlines() or [""]:
            self.note(f"  {line}", style)

    def trouble(self, message: str) -> None:
        self.note(f"{message}; trying again", "yellow")


@contextmanager
def progress() -> Iterator[Progress]:
    """What is right for stderr."""
    if not sys.stderr.isatty():
        yield Plain()
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    state = TextColumn("{task.description}", markup=False)
    with Bar(SpinnerColumn(), state, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        yield Live(bar)
