"""Running the service: in a thread for as long as a `with` block lasts, or in the foreground until Ctrl-C."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from d2t.local.builder import Builder, Validator
from d2t.local.log import LogEntry, default_directory
from d2t.local.store import Store
from d2t.providers import Provider

LOOPBACK = "127.0.0.1"
START_SECONDS = 30.0


class ServeError(Exception):
    """The service cannot run here; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running service."""

    url: str  # what E2B_API_URL takes
    api_key: str
    provider: Provider
    engine: str  # what it builds with, for people
    store: Store

    def log_file(self, build_id: str) -> Path | None:
        """Where the log of a build is kept, also when the provider withholds it."""
        return next((build.log.file for build in self.store.builds() if build.id == build_id), None)

    def log(self, build_id: str) -> tuple[LogEntry, ...]:
        """The whole log of a build, also when the provider withholds it."""
        return next((build.log.entries for build in self.store.builds() if build.id == build_id), ())


@contextmanager
def running(
    provider: Provider,
    *,
    builder: Builder | None = None,
    host: str = LOOPBACK,
    port: int = 0,
    log_directory: Path | None = None,
    api_key: str = "",
) -> Iterator[Server]:
    """The service, answering while the block lasts; builds still under way at its end are cancelled.

    `port` 0 takes a free one. Logs go to `log_directory`, by default below the user's state directory. Raises
    ServeError when the port is taken or the packages of the extra `local` are missing.
    """
    try:
        import jsonschema  # noqa: F401, of the description: missing later it would fail requests
        import uvicorn

        from d2t.local.app import Service
    except ImportError as error:
        raise ServeError(f"the local service needs more packages ({error.name}): pip install 'd2t[local]'") from None
    listener = _listen(host, port)
    key = api_key or provider["api.key_prefix"] + secrets.token_hex(20)
    store = Store(default_directory() if log_directory is None else log_directory)
    builder = builder or Validator()
    service = Service(store, provider, builder, key)
    config = uvicorn.Config(
        service.app(), log_config=None, access_log=False, lifespan="off", ws="none", server_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="d2t-serve", daemon=True)
    try:
        thread.start()
        _wait(server, thread)
        where, bound = listener.getsockname()[:2]
        shown = f"[{where}]" if ":" in where else where
        yield Server(f"http://{shown}:{bound}", key, provider, builder.title, store)
    finally:
        server.should_exit = server.force_exit = True
        thread.join(START_SECONDS)
        listener.close()
        service.workers.close()
        store.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ServeError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
    return listener


def _wait(server: object, thread: threading.Thread) -> None:
    end = time.monotonic() + START_SECONDS
    while not getattr(server, "started", False):
        if not thread.is_alive() or time.monotonic() > end:
            raise ServeError("the local service did not start")
        time.sleep(0.005)
