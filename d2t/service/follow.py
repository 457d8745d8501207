"""Following a build until its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from d2t.service.connection import Connection, Redactor
from d2t.service.errors import ServiceError, Trouble, translated
from d2t.service.submit import Build, sdk_options, secrets

INTERVAL_SECONDS = 1.0
PATIENCE_SECONDS = 180.0  # how long a service may be out of reach before following ends
_LONGEST_WAIT = 20.0
_LOG_CALLS = 1000  # at the end of a build; one call gives 100 entries at most (E2B API, build status)

_PASSING = (Trouble.NETWORK, Trouble.BUSY, Trouble.QUOTA)  # what may be over at the next call
ENDED = ("ready", "error")


@dataclass(frozen=True, slots=True)
class Log:
    """One entry of a build's log."""

    level: str  # debug, info, warn or error
    message: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a build failed."""

    message: str
    step: str = ""  # "base", "1" for the first step, …, "finalize"; "" when the service does not say


@dataclass(frozen=True, slots=True)
class Status:
    """What a service says of a build."""

    state: str  # waiting, building, ready or error
    logs: tuple[Log, ...] = ()  # from the offset that was asked for
    reason: Reason | None = None


class Watcher(Protocol):
    """Is told what happens while a build is followed."""

    def state(self, state: str) -> None:
        """The build's state; called when it changes."""

    def log(self, entry: Log) -> None:
        """One entry of the build's log."""

    def trouble(self, message: str) -> None:
        """The service could not be asked; following goes on."""


def status(build: Build, connection: Connection, offset: int = 0) -> Status:
    """Ask once.

    Raises ServiceError.
    """
    redact = Redactor(secrets(connection))
    with translated(connection.title, connection.shown(), redact):
        import e2b

        answer: Any = e2b.Template.get_build_status(build.info, offset, **sdk_options(connection))
        logs = tuple(Log(str(_value(entry.level)), redact(str(entry.message))) for entry in answer.log_entries)
        return Status(str(_value(answer.status)), logs, _reason(answer.reason, redact))


def follow(
    build: Build,
    connection: Connection,
    watcher: Watcher,
    *,
    logs: bool = True,
    interval: float = INTERVAL_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> Status:
    """Wait for the end of a build; returns its last status.

    `logs` says whether the service has build logs at all. A service that cannot be reached is asked again for some
    minutes. Raises ServiceError when it stays away, or refuses to tell. The build itself is never stopped.
    """
    offset, state, away = 0, "", 0.0
    while True:
        try:
            found = status(build, connection, offset)
        except ServiceError as error:
            if error.trouble not in _PASSING or away >= PATIENCE_SECONDS:
                raise
            watcher.trouble(str(error))
            wait = min(max(interval, away), _LONGEST_WAIT)
            away += wait
            sleep(wait)
            continue
        away = 0.0
        if found.state in ENDED:
            offset += _tell(found, watcher)
            if logs and found.logs:
                _drain(build, connection, watcher, offset)
            watcher.state(found.state)
            return found
        if found.state != state:
            state = found.state
            watcher.state(state)
        offset += _tell(found, watcher)
        if not found.logs:
            sleep(interval)
        elif len(found.logs) < 100:
            sleep(interval / 2)


def _drain(build: Build, connection: Connection, watcher: Watcher, offset: int) -> None:
    """The rest of the log."""
    for _ in range(_LOG_CALLS):
        try:
            new = _tell(status(build, connection, offset), watcher)
        except ServiceError as error:
            watcher.trouble(str(error))
            return
        if not new:
            return
        offset += new


def _tell(found: Status, watcher: Watcher) -> int:
    for entry in found.logs:
        watcher.log(entry)
    return len(found.logs)


def _reason(reason: Any, redact: Callable[[str], str]) -> Reason | None:
    """From either SDK: absent values are None in one, an object of its own in the other."""
    message = getattr(reason, "message", None)
    if not isinstance(message, str):
        return None
    step = getattr(reason, "step", None)
    return Reason(redact(message), step if isinstance(step, str) else "")


def _value(item: Any) -> Any:
    return getattr(item, "value", item)
