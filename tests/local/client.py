"""A client for the service, and a builder that tests hold."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from starlette.testclient import TestClient

from d2t.local.app import Service
from d2t.local.builder import BuildFailed, Job
from d2t.local.log import LogEntry

KEY = "e2b_0123456789abcdef"


@dataclass
class Held:
    """A builder whose builds last until the test lets them go."""

    title: str = "held"
    go: threading.Event = field(default_factory=threading.Event)
    failure: BuildFailed | Exception | None = None
    lines: int = 0

    def run(self, job: Job) -> None:
        for number in range(self.lines):
            job.log(LogEntry(f"line {number}", "debug" if number % 2 else "info", "1"))
        assert self.go.wait(30)
        if self.failure:
            raise self.failure

    def forget(self, name: str) -> None:
        pass

    def close(self) -> None:
        self.go.set()


@dataclass
class Api:
    """A client with the right key, and the shortest way to a build."""

    client: TestClient
    service: Service
    builder: Any

    def register(self, name: str = "app", **body: Any) -> Any:
        return self.client.post("/v3/templates", json={"name": name, **body})

    def start(self, ids: dict[str, Any], **body: Any) -> Any:
        body = {"fromImage": "debian:bookworm-slim", **body}
        return self.client.post(f"/v2/templates/{ids['templateID']}/builds/{ids['buildID']}", json=body)

    def status(self, ids: dict[str, Any], **params: Any) -> Any:
        return self.client.get(f"/templates/{ids['templateID']}/builds/{ids['buildID']}/status", params=params)

    def finish(self) -> None:
        """Let builds go and wait for their threads."""
        if isinstance(self.builder, Held):
            self.builder.go.set()
        for thread in self.service.workers._threads:
            thread.join(30)

    def build(self, name: str = "app", **body: Any) -> dict[str, Any]:
        """Register, start, wait; the final status."""
        ids = self.register(name).json()
        response = self.start(ids, **body)
        assert response.status_code == 202, response.text
        self.finish()
        return dict(self.status(ids).json())
