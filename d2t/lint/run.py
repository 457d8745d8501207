"""Linting one Dockerfile: gather, ignore, choose, repair."""

from __future__ import annotations

from collections.abc import Sequence

from d2t import providers as services
from d2t.diagnostics import Diagnostic, Edit
from d2t.dockerfile.source import Source
from d2t.lint import ignores
from d2t.lint.apply import edited
from d2t.lint.choice import Choice
from d2t.lint.gather import Ask, Gathered, gather
from d2t.providers import Provider
from d2t.rules import RULES, comments

FIXABLE = frozenset(["D2T202", "D2T203", "D2T307", "D2T411", "D2T501", "D2T506"])  # what `fixes` has functions for
_MOST_FIXES = 100  # in one file; every fix is followed by a new look
_OFFERED = 20  # in one go: each is checked by linting the fixed file, and more are offered once these are applied


def lint(
    text: str, providers: Sequence[Provider], ask: Ask, choice: Choice | None = None, *, offered: int = _OFFERED
) -> tuple[Diagnostic, ...]:
    """The findings of a Dockerfile for these providers, in file order, the first `offered` that have a fix with it.

    Findings that hold for some of several providers name theirs in `provider`.
    """
    choice = choice or Choice()
    gathered = gather(text, providers, ask)
    scopes = ignores.scopes(gathered.dockerfile, gathered.diagnostics)
    kept, unused = ignores.split(gathered.diagnostics, scopes)
    if unused:
        kept += _unused(text, gathered, providers, ask, choice, scopes, unused)
        kept.sort(key=lambda item: (item.span.line, item.span.column) if item.span else (1 << 31, 0))
    chosen = choice.apply(kept)
    if offered and any(item.code in FIXABLE for item in chosen):
        from d2t.lint import fixes  # most files need none of it

        situation = fixes.Situation(text, gathered, tuple(providers), ask)
        for index, item in enumerate(chosen):
            if offered > 0 and (edits := situation.fix(item)):
                chosen[index] = item._replace(edits=edits)
                offered -= 1
    return tuple(chosen)


def _unused(
    text: str,
    gathered: Gathered,
    providers: Sequence[Provider],
    ask: Ask,
    choice: Choice,
    scopes: Sequence[ignores.Scope],
    unused: Sequence[ignores.Scope],
) -> list[Diagnostic]:
    """The codes that ignore nothing, whatever provider is asked for."""
    suspects = [scope for scope in unused if choice.selects(scope.code) or scope.code not in RULES]
    others = [services.load(name) for name in services.names() if name not in {one.id for one in providers}]
    if others and any(scope.code in RULES for scope in suspects):
        _, unused_there = ignores.split(gather(text, others, ask).diagnostics, scopes)
        suspects = [scope for scope in suspects if scope in unused_there or scope.code not in RULES]
    source = Source(text)
    found = [
        comments.unused_ignore(ignores.span(source, scope), scope.code, scope.code in RULES, scope.whole)
        for scope in suspects
    ]
    return ignores.split(found, scopes)[0]


def repaired(
    text: str, providers: Sequence[Provider], ask: Ask, choice: Choice | None = None
) -> tuple[str, tuple[Diagnostic, ...], int]:
    """The text with all fixes applied, what is found in it then, and how many fixes that were.

    Fixes are applied one after the other, each to the text as the one before left it.
    """
    count = 0
    found = lint(text, providers, ask, choice, offered=1)
    while count < _MOST_FIXES and (edits := _first(found)):
        text = edited(text, edits)
        count += 1
        found = lint(text, providers, ask, choice, offered=1)
    return text, found, count


def _first(found: Sequence[Diagnostic]) -> tuple[Edit, ...]:
    return next((item.edits for item in found if item.edits), ())
