"""Where a finding is, in the terms of each format: complete ranges, paths, and a name that outlives moved lines."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence

from d2t.diagnostics import Diagnostic, Span
from d2t.dockerfile.source import Source
from d2t.report.model import Report


def lines_of(report: Report) -> tuple[str, ...]:
    """The lines that spans count in."""
    return Source(report.text).lines


def resolve(span: Span, lines: Sequence[str]) -> Span:
    """The same range with all four numbers known and none outside of the text.

    Without a column it is whole lines; a start alone is an empty range. Lines that the text does not have stay.
    """
    line = max(span.line, 1)
    end_line = max(span.end_line, line)
    if line <= len(lines):
        end_line = min(end_line, len(lines))
    column = _column(max(span.column, 1), line, lines)
    end_column = span.end_column
    if end_column < 1:
        end_column = column if span.column and end_line == line else len(_line(lines, end_line)) + 1
    end_column = _column(end_column, end_line, lines)
    if end_line == line:
        end_column = max(end_column, column)
    return Span(line, column, end_line, end_column)


def _line(lines: Sequence[str], number: int) -> str:
    return lines[number - 1] if number <= len(lines) else ""


def _column(column: int, line: int, lines: Sequence[str]) -> int:
    return min(column, len(lines[line - 1]) + 1) if line <= len(lines) else column


def place(path: str, span: Span | None) -> str:
    """`path:line:column:` as compilers write it, with as many numbers as are known."""
    if span is None or span.line < 1:
        return f"{path}:"
    return f"{path}:{span.line}:{span.column}:" if span.column else f"{path}:{span.line}:"


def posix(path: str) -> str:
    """The path as CI services want it: slashes, no `./` in front."""
    return posixpath.normpath(path.replace(os.sep, "/"))


def fingerprints(report: Report) -> Iterator[tuple[Diagnostic, str]]:
    """Each finding with 32 hex digits that stay the same while lines above it come and go.

    They are made of file, rule, provider and the line's own text; equal findings are numbered in their order.
    """
    from hashlib import sha256

    lines = lines_of(report)
    path = posix(report.path)
    seen: dict[tuple[str, str, str], int] = {}
    for diagnostic in report.diagnostics:
        text = _line(lines, diagnostic.span.line).strip() if diagnostic.span and diagnostic.span.line > 0 else ""
        key = (diagnostic.code, diagnostic.provider, text)
        seen[key] = number = seen.get(key, 0) + 1
        data = "\0".join((path, *key, str(number)))
        yield diagnostic, sha256(data.encode("utf-8", "surrogatepass")).hexdigest()[:32]
