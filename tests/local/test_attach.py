"""Nothing of what a process prints is lost, however the engine sends it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2t.local.attach import HEADER, begin, chunks

docker = pytest.importorskip("docker")

ANSWER = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
PRINTED = [(1, b"first\n"), (2, b"oh\n"), (1, b""), (1, b"x" * 70_000)]
FRAMES = b"".join(HEADER.pack(stream, len(data)) + data for stream, data in PRINTED)


@contextmanager
def engine(*parts: bytes) -> Iterator[str]:
    """A server that answers one request with these parts, each sent by itself; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                text = b""
                while b"\r\n\r\n" not in text or not text.endswith(b"}"):
                    text += connection.recv(1 << 16)
                for part in parts:
                    connection.sendall(part)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def printed(*parts: bytes) -> list[tuple[int, bytes]]:
    with engine(*parts) as address:
        client = docker.APIClient(base_url=address, version="1.43", timeout=10)
        attached = begin(client, "e1")
        found = list(chunks(attached))
        attached.response.close()
        client.close()
    return found


def test_output_that_comes_with_the_headers() -> None:
    assert printed(ANSWER + FRAMES) == PRINTED


def test_output_that_comes_later() -> None:
    assert printed(ANSWER, FRAMES) == PRINTED


@given(st.lists(st.integers(0, len(ANSWER + FRAMES)), max_size=5).map(sorted))
def test_output_in_any_pieces(cuts: list[int]) -> None:
    whole = ANSWER + FRAMES
    assert printed(*(whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True))) == PRINTED


def test_output_that_is_cut_off() -> None:
    assert printed(ANSWER + FRAMES[:20]) == PRINTED[:1]
