"""A registry on loopback: images, token or password authentication, redirects, and whatever goes wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
TOKEN = "a-token"
USER, PASSWORD, IDENTITY = "me", "pass-word", "identity-token"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

Reply = tuple[int, Mapping[str, str], bytes]


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


@dataclass
class Seen:
    host: str  # as the client calls it
    method: str
    path: str
    query: dict[str, list[str]]
    authorization: str
    body: str


@dataclass
class Registry:
    """What it holds and how it behaves; set by tests."""

    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # "team/app:1" or "team/app@sha256:…"
    blobs: dict[str, bytes] = field(default_factory=dict)
    replies: dict[tuple[str, str], Reply] = field(default_factory=dict)  # method and path → what is sent instead
    auth: str = ""  # "", "token", "private" (a token for the user alone) or "basic"
    realm: str = ""  # of tokens; its own by default
    scope: str = ""  # as the challenge says it
    blob_host: str = ""  # blobs are redirected there
    digest_header: bool = True
    seen: list[Seen] = field(default_factory=list)
    port: int = 0

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def add(
        self, name: str, config: Mapping[str, Any] | None = None, *, os: str = "linux", arch: str = "amd64", **more: Any
    ) -> str:
        """An image "team/app:1" for one platform; its digest."""
        data = encoded({"os": os, "architecture": arch, "config": dict(config or {}), "rootfs": {}, **more})
        self.blobs[digest_of(data)] = data
        manifest = encoded(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {"mediaType": CONFIG, "digest": digest_of(data), "size": len(data)},
                "layers": [],
            }
        )
        return self.put(name, MANIFEST, manifest)

    def add_index(self, name: str, entries: list[dict[str, Any]]) -> str:
        return self.put(name, INDEX, encoded({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}))

    def put(self, name: str, media_type: str, data: bytes) -> str:
        repository = name.partition(":")[0]
        self.manifests[name] = self.manifests[f"{repository}@{digest_of(data)}"] = (media_type, data)
        return digest_of(data)

    def paths(self, method: str = "") -> list[str]:
        return [seen.path for seen in self.seen if method in ("", seen.method)]

    def authorizations(self) -> set[str]:
        return {seen.authorization for seen in self.seen if seen.authorization}

    def reply(self, seen: Seen) -> Reply:
        if (sent := self.replies.get((seen.method, seen.path))) is not None:
            return sent
        if seen.path == "/v2/":
            return 200, {}, b"{}"
        if seen.path == "/token":
            return self._token(seen)
        if self.auth and seen.authorization != (BASIC if self.auth == "basic" else f"Bearer {TOKEN}"):
            realm = self.realm or f"http://{seen.host}/token"
            said = f'Bearer realm="{realm}",service="the service"' + (f',scope="{self.scope}"' if self.scope else "")
            return 401, {"WWW-Authenticate": 'Basic realm="me, you"' if self.auth == "basic" else said}, b"{}"
        if seen.path.startswith("/blobs/"):
            return 200, {}, self.blobs[seen.path.removeprefix("/blobs/")]
        repository, kind, name = self._split(seen.path)
        if kind == "blobs" and name in self.blobs:
            if self.blob_host:
                return 307, {"Location": f"http://{self.blob_host}/blobs/{name}?signed=1"}, b""
            return 200, {}, self.blobs[name]
        found = self.manifests.get(f"{repository}{'@' if ':' in name else ':'}{name}") if kind == "manifests" else None
        if found is None:
            return 404, {}, encoded({"errors": [{"code": "MANIFEST_UNKNOWN"}]})
        headers = {"Content-Type": found[0]}
        if self.digest_header:
            headers["Docker-Content-Digest"] = digest_of(found[1])
        return 200, headers, found[1]

    def _token(self, seen: Seen) -> Reply:
        form = parse_qs(seen.body)
        known = seen.authorization == BASIC or form.get("refresh_token") == [IDENTITY]
        if seen.authorization and not known:
            return 401, {}, b"{}"
        return 200, {}, encoded({"token": TOKEN if known or self.auth != "private" else "anonymous"})

    @staticmethod
    def _split(path: str) -> tuple[str, str, str]:
        for kind in ("manifests", "blobs"):
            repository, found, name = path.removeprefix("/v2/").partition(f"/{kind}/")
            if found:
                return repository, kind, name
        return "", "", ""

    @contextmanager
    def running(self, tls: ssl.SSLContext | None = None) -> Iterator[Registry]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                host, authorization = self.headers["Host"], self.headers.get("Authorization", "")
                seen = Seen(host, self.command, url.path, parse_qs(url.query), authorization, body)
                registry.seen.append(seen)
                status, headers, data = registry.reply(seen)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_HEAD = do_POST = handle_any  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that hangs up on a handshake

        server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
