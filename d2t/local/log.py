"""A build's log: what the status endpoint pages through, and the file that keeps it on this machine."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

LEVELS = ("debug", "info", "warn", "error")  # E2B API, LogLevel
KEPT_FILES = 100


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a build's log."""

    message: str
    level: str = "info"
    step: str = ""  # "base", "1", "2", …, "finalize"; "" for the build as a whole
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))

    def as_json(self) -> dict[str, object]:
        """The API's BuildLogEntry."""
        entry: dict[str, object] = {
            "timestamp": self.timestamp.isoformat().replace("+00:00", "Z"),
            "message": self.message,
            "level": self.level,
        }
        if self.step:
            entry["step"] = self.step
        return entry


class BuildLog:
    """Grows while its build runs; read and written from different threads."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self._entries: list[LogEntry] = []
        self._lock = threading.Lock()
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))

    def add(self, entry: LogEntry) -> None:
        with self._lock:
            self._entries.append(entry)
            if self.file is not None:
                stamp = entry.timestamp.strftime("%H:%M:%S")
                with self.file.open("a", encoding="utf-8", errors="replace") as out:
                    out.write(f"{stamp} {entry.level:<5} {entry.message}\n")

    @property
    def entries(self) -> tuple[LogEntry, ...]:
        with self._lock:
            return tuple(self._entries)

    def page(self, offset: int, limit: int, level: str = "debug") -> Sequence[LogEntry]:
        """At most `limit` entries of at least this level, from the `offset`-th of them on."""
        least = LEVELS.index(level)
        wanted = [entry for entry in self.entries if LEVELS.index(entry.level) >= least]
        return wanted[offset : offset + limit]


def default_directory() -> Path:
    """Where logs are kept unless the caller says otherwise (XDG base directory specification, state)."""
    state = os.environ.get("XDG_STATE_HOME", "")
    root = Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state"
    return root / "d2t" / "logs"


def prune(directory: Path, keep: int = KEPT_FILES) -> None:
    """Delete all but the newest log files."""
    if not directory.is_dir():
        return
    files = sorted(directory.glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[keep:]:
        file.unlink(missing_ok=True)
