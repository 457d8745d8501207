"""A Dockerfile's bytes, text and lines, and the ranges of its tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from d2t.diagnostics import Span

MAX_BYTES = 10_000_000  # far above any real file; keeps a wrong path (an image, a log) from being parsed for minutes
MAX_LINE = 65_535  # bufio.MaxScanTokenSize - 1, BuildKit's limit for one line in bytes


class UnreadableError(ValueError):
    """The bytes are no Dockerfile's text; the message says why, in one line without the file's name."""


def decode(data: bytes) -> str:
    """The text of a Dockerfile.

    Raises UnreadableError for bytes that are too many, not UTF-8 or binary.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableError(f"too large for a Dockerfile: {len(data):,} bytes (at most {MAX_BYTES:,})")
    if b"\0" in data:
        raise UnreadableError("not a text file: it holds NUL bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError(f"not UTF-8: byte 0x{data[error.start]:02x} on line {line}") from None


@dataclass(frozen=True, eq=False)
class Source:
    """The text of one Dockerfile."""

    text: str

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Lines without their ends, a byte-order mark left out."""
        text = self.text.removeprefix("\ufeff")
        return tuple(line.removesuffix("\r") for line in text.split("\n"))

    def span(self, line: int, end_line: int, token: str = "", occurrence: int = 0) -> Span:
        """Where `token` stands between two lines (both included), or the first word there.

        A token that the lines do not hold as it is (it was put together from pieces) falls back to the first word.
        """
        lines = self.lines
        if not 1 <= line <= len(lines):
            return Span(line, 1, line, 1)
        if token:
            pattern = re.compile(rf"(?<![\w$]){re.escape(token)}(?!\w)" if token[0].isalnum() else re.escape(token))
            for number in range(line, min(end_line, len(lines)) + 1):
                text = lines[number - 1]
                if number != line and text.lstrip().startswith("#"):
                    continue
                start = 0
                if number == line:  # behind the instruction's own name
                    word = re.match(r"\s*\S+\s*", text)
                    start = word.end() if word else 0
                for match in pattern.finditer(text, start):
                    if occurrence == 0:
                        return Span(number, match.start() + 1, number, match.end() + 1)
                    occurrence -= 1
        word = re.match(r"\s*(\S+)", lines[line - 1])
        if word is None:
            return Span(line, 1, line, 1)
        return Span(line, word.start(1) + 1, line, word.end(1) + 1)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a Dockerfile says something: one instruction's lines, both included, counted from 1."""

    line: int
    end_line: int
    source: Source = field(repr=False, compare=False)
    comments: tuple[str, ...] = ()  # the comment lines right above, without `#` and blanks around

    def span(self, token: str = "", occurrence: int = 0) -> Span:
        """The range of `token` in the instruction (its n-th occurrence), or of the instruction's name."""
        return self.source.span(self.line, self.end_line, token, occurrence)

    @property
    def text(self) -> str:
        """The instruction as it is written, lines joined by newlines."""
        return "\n".join(self.source.lines[self.line - 1 : self.end_line])
