"""A process of a container, and all that it prints.

The engine may send output together with the headers of its answer. docker-py then keeps that in the buffer that it read
the headers with, and hands out the socket below (`APIClient._get_raw_response_socket`): so it is taken from there first.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

STDOUT, STDERR = 1, 2
HEADER = struct.Struct(">BxxxL")  # of a chunk: stream and length (Docker Engine API, ContainerAttach)


class Attached(NamedTuple):
    """A connection to a process: bytes both ways with a terminal, otherwise chunks with headers from it."""

    connection: Any  # a socket
    early: bytes  # what comes before that which the connection gives
    response: Any  # closes the connection when it is collected


def begin(api: Any, process: str, *, tty: bool = False) -> Attached:
    """Start a created `exec`. Raises docker.errors.APIError when the engine refuses."""
    response = api.post(
        f"{api.base_url}/v{api.api_version}/exec/{process}/start",
        json={"Tty": tty, "Detach": False},
        headers={"Connection": "Upgrade", "Upgrade": "tcp"},
        stream=True,
        timeout=api.timeout,
    )
    raw = api._get_raw_response_socket(response)
    connection = getattr(raw, "_sock", raw)
    return Attached(connection, _early(response.raw._fp.fp, connection), response)


def _early(reader: Any, connection: Any) -> bytes:
    if not hasattr(reader, "peek"):
        return b""
    connection.setblocking(False)
    try:
        return bytes(reader.peek())
    finally:
        connection.setblocking(True)


def chunks(attached: Attached) -> Iterator[tuple[int, bytes]]:
    """What the process prints, with the stream that it goes to, until it ends."""
    held = bytearray(attached.early)
    while True:
        while len(held) >= HEADER.size:
            stream, length = HEADER.unpack_from(held)
            end = HEADER.size + length
            if len(held) < end:
                break
            yield stream, bytes(held[HEADER.size : end])
            del held[:end]
        data = attached.connection.recv(1 << 16)
        if not data:
            return
        held += data


def output(
    api: Any,
    container: str,
    argv: Sequence[str],
    *,
    user: str = "",
    env: Mapping[str, str] | None = None,
    workdir: str = "",
) -> bytes:
    """Run a command in a container; its standard output. Raises docker.errors.APIError when it cannot be run."""
    created = api.exec_create(
        container, list(argv), stderr=False, user=user, environment=dict(env or {}), workdir=workdir or None
    )
    attached = begin(api, created["Id"])
    try:
        return b"".join(data for stream, data in chunks(attached) if stream == STDOUT)
    finally:
        attached.response.close()
