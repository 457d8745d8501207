"""A service on loopback that answers what a test says, and keeps what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]  # the status, and a body: JSON, or a text that is sent as it is
TEMPLATE, BUILD = "tpl0123456789", "00000000-0000-4000-8000-000000000001"


def build_status(state: str, *messages: str, reason: dict[str, Any] | None = None) -> Answer:
    """An answer of the status endpoint."""
    entries = [{"timestamp": "2026-01-01T00:00:00Z", "message": text, "level": "info"} for text in messages]
    body = {"templateID": TEMPLATE, "buildID": BUILD, "status": state, "logs": [], "logEntries": entries}
    return 200, body if reason is None else {**body, "reason": reason}


@dataclass
class Fake:
    """What it answers; each entry of `statuses` once, the last one again and again."""

    create: Answer = (
        202,
        {
            "templateID": TEMPLATE,
            "buildID": BUILD,
            "public": False,
            "aliases": ["web"],
            "names": ["web"],
            "tags": ["default"],
        },
    )
    start: Answer = (202, "")
    statuses: list[Answer] = field(default_factory=lambda: [build_status("ready")])
    upload: Answer = (404, {"code": 404, "message": "no files here"})
    on_status: Callable[[], None] = lambda: None
    url: str = ""
    seen: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)  # method, path, headers, body

    def answer(self, method: str, path: str) -> Answer:
        if (method, path) == ("POST", "/v3/templates"):
            return self.create
        if method == "POST" and path == f"/v2/templates/{TEMPLATE}/builds/{BUILD}":
            return self.start
        if path.startswith(f"/templates/{TEMPLATE}/builds/{BUILD}/status"):
            self.on_status()
            return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if path.startswith(f"/templates/{TEMPLATE}/files/"):
            return self.upload
        return 404, {"code": 404, "message": f"no route {method} {path}"}

    def bodies(self) -> list[Any]:
        return [body for method, _, _, body in self.seen if method == "POST"]

    @contextmanager
    def running(self) -> Iterator[Fake]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                text = self.rfile.read(size) if self.command == "POST" else b""
                fake.seen.append((self.command, self.path, dict(self.headers), json.loads(text) if text else None))
                status, body = fake.answer(self.command, self.path)
                data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
                self.send_header("Content-Length", str(len(data)))
                if status >= 400:
                    self.send_header("Should-Retry", "false")  # or the SDK waits and asks again
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = handle_any  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
