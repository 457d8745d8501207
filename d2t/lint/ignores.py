"""`# d2t: ignore=CODE`: above the first instruction for the whole file, elsewhere for the instruction below."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from d2t.diagnostics import Diagnostic, Span
from d2t.dockerfile import hints
from d2t.dockerfile.instructions import Dockerfile
from d2t.dockerfile.source import Source


class Scope(NamedTuple):
    """One code of one comment, and the lines that it counts for (both included); all findings when `whole`."""

    code: str
    comment: int  # its line
    first: int
    last: int
    whole: bool

    def covers(self, item: Diagnostic) -> bool:
        if item.code != self.code:
            return False
        line = item.line
        return self.whole or (line is not None and self.first <= line <= self.last)


def scopes(dockerfile: Dockerfile, found: Sequence[Diagnostic]) -> tuple[Scope, ...]:
    """What the file's comments ignore. `found` tells of instructions that could not be read."""
    ignores = hints.read(dockerfile.comments).ignores
    if not ignores:
        return ()
    ends = {item.line: item.line for item in found if item.line}
    ends |= {one.origin.line: one.origin.end_line for one in dockerfile.instructions}
    comments = {line for line, _ in dockerfile.comments}
    starts = sorted(line for line in ends if line not in comments)
    made = []
    for ignore in ignores:
        index = bisect_right(starts, ignore.line)
        first = starts[index] if index < len(starts) else ignore.line
        last = ends.get(first, first)
        for code in ignore.codes:
            made.append(Scope(code, ignore.line, ignore.line, last, index == 0))
    return tuple(made)


def split(found: Sequence[Diagnostic], scopes: Sequence[Scope]) -> tuple[list[Diagnostic], list[Scope]]:
    """The findings that no comment ignores, and the codes that ignored none."""
    if not scopes:
        return list(found), []
    by_code: dict[str, list[Scope]] = {}
    for scope in scopes:
        by_code.setdefault(scope.code, []).append(scope)  # in file order
    used: set[Scope] = set()
    kept = []
    for item in found:
        hits = list(_hits(item, by_code.get(item.code, ())))
        used.update(hits)
        if not hits:
            kept.append(item)
    return kept, [scope for scope in scopes if scope not in used]


def _hits(item: Diagnostic, scopes: Sequence[Scope]) -> Iterator[Scope]:
    """The scopes of the finding's code that cover it: those of the whole file stand first, others just above it."""
    for scope in scopes:
        if not scope.whole:
            break
        yield scope
    if item.line is not None:
        index = bisect_right(scopes, item.line, key=lambda scope: scope.first)
        while index and not scopes[index - 1].whole and scopes[index - 1].covers(item):
            index -= 1
            yield scopes[index]


def span(source: Source, scope: Scope) -> Span:
    """Where a comment says the code."""
    line = source.lines[scope.comment - 1]
    start = line.upper().find(scope.code, line.lower().find("ignore"))
    return Span(scope.comment, start + 1, scope.comment, start + 1 + len(scope.code))
