"""`# d2t:` comments: an ignore that hides nothing, a name that is refused."""

from __future__ import annotations

import re

from d2t.diagnostics import Diagnostic, Edit, Span
from d2t.dockerfile.source import Source
from d2t.lint.fixes.situation import Fix, Situation, fixes
from d2t.patterns import deferred
from d2t.rules.comments import wrong_name

_ALONE = deferred(r"\s*#+\s*d2t\s*:\s*ignore=", re.IGNORECASE)


@fixes("D2T506")
def unused_ignore(item: Diagnostic, situation: Situation) -> Fix | None:
    """Without the code; without the comment when it has nothing else."""
    lines = Source(situation.text).lines
    assert item.span is not None
    number = item.span.line
    line = lines[number - 1]
    start, end = item.span.column - 1, item.span.end_column - 1
    if follows := re.match(r"\s*,\s*", line[end:]):
        return Fix((Edit(Span(number, start + 1, number, end + follows.end() + 1), ""),))
    if before := re.search(r"\s*,\s*\Z", line[:start]):
        return Fix((Edit(Span(number, before.start() + 1, number, end + 1), ""),))
    if _ALONE.match(line):
        if number == len(lines):
            return Fix((Edit(Span(number, 1, number, len(line) + 1), ""),))
        return Fix((Edit(Span(number, 1, number + 1, 1), ""),))
    keys = re.search(r"\s*ignore\s*=", line[: start + 1], re.IGNORECASE)
    return Fix((Edit(Span(number, keys.start() + 1, number, len(line) + 1), ""),)) if keys else None


@fixes("D2T501")
def name(item: Diagnostic, situation: Situation) -> Fix | None:
    """The nearest name that the provider takes."""
    if item.span is None:
        return None
    line = Source(situation.text).lines[item.span.line - 1]
    written = line[item.span.column - 1 : item.span.end_column - 1]
    for provider in situation.providers:
        if provider.id == item.provider and (wrong := wrong_name(provider, written)) and wrong[1]:
            return Fix((Edit(item.span, wrong[1]),))
    return None
