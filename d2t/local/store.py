"""What the service knows: templates, their builds, uploaded files. In memory, for as long as it runs."""

from __future__ import annotations

import secrets
import string
import tempfile
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from d2t.local.log import BuildLog, LogEntry, prune

DEFAULT_TAG = "default"  # e2b-dev/infra, shared/pkg/id
NAMESPACE = "local"  # the slug of the only team
ID_LENGTH = 20  # e2b-dev/infra, shared/pkg/id


class Status(StrEnum):
    """E2B API, TemplateBuildStatus."""

    WAITING = "waiting"
    BUILDING = "building"
    READY = "ready"
    ERROR = "error"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Build:
    """One build of a template."""

    template: Template
    tags: tuple[str, ...]
    cpu_count: int
    memory_mb: int
    log: BuildLog
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: Status = Status.WAITING
    message: str = ""  # why it failed
    failed_step: str = ""
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def in_progress(self) -> bool:
        return self.status in (Status.WAITING, Status.BUILDING)


@dataclass(slots=True)
class Template:
    """A template: a name, and the builds under it, oldest first."""

    name: str
    id: str = field(
        default_factory=lambda: "".join(
            secrets.choice(string.ascii_lowercase + string.digits) for _ in range(ID_LENGTH)
        )
    )
    builds: list[Build] = field(default_factory=list)
    created: datetime = field(default_factory=now)


class Store:
    """Templates, builds and uploads. Callers that read and then write hold `lock`."""

    def __init__(self, log_directory: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.log_directory = log_directory
        self._templates: dict[str, Template] = {}
        self._uploads: dict[str, str] = {}  # token -> hash
        self._files = tempfile.TemporaryDirectory(prefix="d2t-files-")

    def close(self) -> None:
        self._files.cleanup()

    # templates and builds

    def templates(self) -> tuple[Template, ...]:
        """Newest first."""
        with self.lock:
            return tuple(reversed(self._templates.values()))

    def builds(self) -> Iterator[Build]:
        for template in self.templates():
            yield from template.builds

    def find(self, name_or_id: str) -> Template | None:
        with self.lock:
            if name_or_id in self._templates:
                return self._templates[name_or_id]
            return next((each for each in self._templates.values() if each.name == name_or_id), None)

    def build(self, template_id: str, build_id: str) -> Build | None:
        template = self._templates.get(template_id)
        return next((each for each in template.builds if each.id == build_id), None) if template else None

    def add(self, name: str, tags: tuple[str, ...], cpu_count: int, memory_mb: int) -> Build:
        """A new build that waits for its start, under the template of this name or a new one."""
        with self.lock:
            template = self.find(name)
            if template is None:
                template = Template(name)
                self._templates[template.id] = template
            build = Build(template, tags, cpu_count, memory_mb, BuildLog())
            if self.log_directory is not None:
                prune(self.log_directory)
                build.log = BuildLog(self.log_directory / f"{template.name}-{build.id}.log")
            template.builds.append(build)
            return build

    def remove(self, template: Template) -> None:
        with self.lock:
            self._templates.pop(template.id, None)
            for build in template.builds:
                build.cancelled.set()

    def finish(self, build: Build, message: str = "", step: str = "") -> None:
        """End a build: ready, or failed when there is a message. The first end counts."""
        with self.lock:
            if not build.in_progress:
                return
            if message:
                build.log.add(LogEntry(f"Build failed: {message}", "error", step))
            build.message, build.failed_step = message, step
            build.status = Status.ERROR if message else Status.READY
            build.updated = now()

    # uploaded files

    def upload_token(self, files_hash: str) -> str:
        """A new link's secret part: good for uploading the files with this hash."""
        token = secrets.token_urlsafe(24)
        with self.lock:
            self._uploads[token] = files_hash
        return token

    def hash_of(self, token: str) -> str | None:
        return self._uploads.get(token)

    def new_file(self) -> Path:
        """A fresh path for an upload under way."""
        return Path(self._files.name) / f"partial-{secrets.token_hex(8)}"

    def keep(self, partial: Path, files_hash: str) -> None:
        partial.replace(Path(self._files.name) / files_hash)

    def files(self) -> Mapping[str, Path]:
        """The uploaded archives by hash."""
        return {file.name: file for file in Path(self._files.name).iterdir() if "-" not in file.name}


def build_json(build: Build) -> dict[str, Any]:
    """The API's Template, for a template's newest build."""
    template = build.template
    return {
        "templateID": template.id,
        "buildID": build.id,
        "cpuCount": build.cpu_count,
        "memoryMB": build.memory_mb,
        "diskSizeMB": 0,
        "public": False,
        "aliases": [template.name],
        "names": [f"{NAMESPACE}/{template.name}"],
        "createdAt": _stamp(template.created),
        "updatedAt": _stamp(build.updated),
        "createdBy": None,
        "lastSpawnedAt": None,
        "spawnCount": 0,
        "buildCount": len(template.builds),
        "envdVersion": "",
        "buildStatus": str(build.status),
    }


def _stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
