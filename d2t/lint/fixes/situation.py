"""What a fix is, what it may look at, and how it is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from d2t.diagnostics import Diagnostic, Edit, Span
from d2t.dockerfile.parse import read
from d2t.dockerfile.source import Origin
from d2t.lint.apply import edited
from d2t.lint.gather import Ask, Gathered, gather, worse
from d2t.plan.build import BuildPlan, Step
from d2t.plan.document import document
from d2t.plan.planner import plan as make_plan
from d2t.providers import Provider

Document = dict[str, Any]  # a plan's, without line numbers


class Fix(NamedTuple):
    """Edits, and what they do to the plan.

    `intended` changes the document of the plan before into what it must be after; it may look at what it is then.
    """

    edits: tuple[Edit, ...]
    intended: Callable[[Document, Document], None] = lambda before, after: None  # nothing changes


@dataclass(slots=True)
class Situation:
    """One Dockerfile whose findings are to be fixed."""

    text: str
    gathered: Gathered
    providers: tuple[Provider, ...]
    ask: Ask
    tries: int = 40  # how many fixes may still be checked: each costs as much as linting the file

    @property
    def plan(self) -> BuildPlan:
        """The plan; fixes are only asked for where there is one."""
        assert self.gathered.plan is not None
        return self.gathered.plan

    def step(self, item: Diagnostic) -> Step | None:
        """The step that a finding is about."""
        return next((step for step in self.plan.steps if step.origin.line == item.line), None)

    def fix(self, item: Diagnostic) -> tuple[Edit, ...]:
        """The edits that repair a finding; none where no fix is safe."""
        fixer = FIXES.get(item.code)
        if fixer is None or self.gathered.plan is None or not self.tries:
            return ()
        fix = fixer(item, self)
        if fix is None:
            return ()
        self.tries -= 1
        return fix.edits if self._is_right(item, fix) else ()

    def _is_right(self, item: Diagnostic, fix: Fix) -> bool:
        after = edited(self.text, fix.edits)
        dockerfile, errors = read(after)
        if errors:
            return False
        ask = self.ask
        plan, errors = make_plan(
            dockerfile, build_args=ask.build_args, target=ask.target, bases=lambda reference: ask.base_config
        )
        if plan is None:
            return False
        expected, found = _document(self.plan), _document(plan)
        fix.intended(expected, found)
        if found != expected:
            return False
        before, now = self.gathered.diagnostics, gather(after, self.providers, ask).diagnostics
        count = _count(item, before)  # 0: said of a comment, once all else was known
        return not worse(before, now) and (not count or _count(item, now) < count)


def _count(item: Diagnostic, found: tuple[Diagnostic, ...]) -> int:
    """How often a finding's rule says the same."""
    return sum(one.code == item.code and one.message == item.message for one in found)


def _document(plan: BuildPlan) -> Document:
    data = document(plan)
    for step in (*data["steps"], *data.get("merged", ())):
        del step["line"]
    return data


Fixer = Callable[[Diagnostic, Situation], Fix | None]
FIXES: dict[str, Fixer] = {}


def fixes(code: str) -> Callable[[Fixer], Fixer]:
    """Register the function that fixes a rule's findings."""

    def register(fixer: Fixer) -> Fixer:
        assert code not in FIXES, code
        FIXES[code] = fixer
        return fixer

    return register


def whole(origin: Origin) -> Span:
    """The range of an instruction, without the indentation before it and the line's end behind it."""
    lines = origin.source.lines
    first, last = lines[origin.line - 1], lines[origin.end_line - 1]
    return Span(origin.line, len(first) - len(first.lstrip()) + 1, origin.end_line, len(last) + 1)
