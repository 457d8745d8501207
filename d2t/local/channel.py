"""Talking to a container's first process: a root shell inside it that reads scripts and answers with their output."""

from __future__ import annotations

import secrets
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from d2t.local.attach import HEADER, STDERR, STDOUT

TICK = 0.1  # seconds between looks at the clock and at the cancel flag

Sink = Callable[[int, bytes], None]


class ChannelClosed(Exception):
    """The container is gone."""


class TimedOut(Exception):
    """The script was still running at its deadline."""


class Cancelled(Exception):
    """The build was cancelled."""


class Interrupted(Exception):
    """The script does not matter any more: see `Channel.watch`."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a script printed, and its exit code."""

    code: int
    stdout: bytes
    stderr: bytes


class Channel:
    """Scripts in, output out, over the stream that the engine attaches to a container's main process.

    The stream is multiplexed, see `attach`; `early` is its beginning, where that has been read already.
    """

    def __init__(self, connection: socket.socket, cancelled: threading.Event, early: bytes = b"") -> None:
        self._socket = connection
        self._cancelled = cancelled
        self._buffer = early
        self.watch: Callable[[], bool] | None = None  # looked at while a script runs; true ends the wait for it
        connection.settimeout(None)

    def begin(self, line: str) -> None:
        """Have the shell itself run a line that prints nothing and does not fail."""
        self._send(line.encode() + b"\n")

    def call(self, script: str, sink: Sink | None = None, timeout: float = 60.0) -> Output:
        """Run a script in the container's own /bin/sh as root, and wait for its end.

        `sink` gets the output as it comes; the answer then has none. Raises TimedOut, Cancelled, ChannelClosed.
        """
        mark = secrets.token_hex(16)
        text = f"( {script}\n) </dev/null; printf '\\000{mark} %d\\000' $?; printf '\\000{mark} 0\\000' >&2\n"
        self._send(text.encode("utf-8", "surrogateescape"))
        ends = {STDOUT: _Until(mark, STDOUT, sink), STDERR: _Until(mark, STDERR, sink)}
        deadline = time.monotonic() + timeout
        while not all(end.done for end in ends.values()):
            stream, chunk = self._frame(deadline)
            if stream in ends:
                ends[stream].feed(chunk)
        return Output(ends[STDOUT].code, bytes(ends[STDOUT].data), bytes(ends[STDERR].data))

    def copy(self, sink: Sink) -> None:
        """Pass on everything that comes until the stream ends."""
        try:
            while True:
                sink(*self._frame(float("inf")))
        except (ChannelClosed, Cancelled):
            pass

    def close(self) -> None:
        self._socket.close()

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise ChannelClosed(str(error)) from None

    def _frame(self, deadline: float) -> tuple[int, bytes]:
        stream, length = HEADER.unpack(self._exactly(HEADER.size, deadline))
        return stream, self._exactly(length, deadline)

    def _exactly(self, count: int, deadline: float) -> bytes:
        while len(self._buffer) < count:
            if self._cancelled.is_set():
                raise Cancelled
            if time.monotonic() > deadline:
                raise TimedOut
            if self.watch is not None and self.watch():
                raise Interrupted
            try:
                if not select.select([self._socket], [], [], TICK)[0]:
                    continue
                chunk = self._socket.recv(1 << 16)
            except (OSError, ValueError) as error:
                raise ChannelClosed(str(error)) from None
            if not chunk:
                raise ChannelClosed("the container ended")
            self._buffer += chunk
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data


class _Until:
    """One stream of a script, up to the mark that follows it."""

    def __init__(self, mark: str, stream: int, sink: Sink | None) -> None:
        self._mark = f"\0{mark} ".encode()
        self._stream = stream
        self._sink = sink
        self._held = b""  # may be the beginning of the mark
        self.data = bytearray()
        self.code = -1
        self.done = False

    def feed(self, chunk: bytes) -> None:
        text = self._held + chunk
        at = text.find(self._mark)
        if at < 0:
            keep = next(
                (n for n in range(min(len(self._mark) - 1, len(text)), 0, -1) if self._mark.startswith(text[-n:])), 0
            )
            self._pass(text[: len(text) - keep])
            self._held = text[len(text) - keep :]
            return
        rest = text[at + len(self._mark) :]
        if b"\0" not in rest:
            self._pass(text[:at])
            self._held = text[at:]
            return
        self._pass(text[:at])
        self.code = int(rest.partition(b"\0")[0])
        self.done = True

    def _pass(self, data: bytes) -> None:
        if not data:
            return
        if self._sink is None:
            self.data += data
        else:
            self._sink(self._stream, data)
