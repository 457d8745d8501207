"""How a rule is declared, how a check finds where it holds, and the tables of all of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from inspect import cleandoc
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar

from d2t.diagnostics import Diagnostic, Findings, Severity, Span
from d2t.dockerfile import hints
from d2t.dockerfile.instructions import Dockerfile
from d2t.dockerfile.source import Origin
from d2t.plan.build import BuildPlan
from d2t.providers import Provider

P = ParamSpec("P")
T = TypeVar("T")
Where = (
    Origin | tuple[Origin, str] | tuple[Origin, str, int] | Span | None
)  # an instruction, a token of it, a range, or no place at all
Text = str | tuple[str, str]  # the message, or the message and what to do


class Rule(NamedTuple):
    """One thing that d2t can say."""

    code: str  # "D2T201"
    name: str  # "copy-not-supported"
    severity: Severity
    page: str  # what it means and why, in Markdown: the docstring
    source: str  # where the fact comes from
    example: str  # a Dockerfile in which it is found
    no_example: str  # why there is none: what it takes besides a Dockerfile; "" when there is one
    whole: bool  # it speaks of the file as a whole: not said while a part of the file cannot be read

    @property
    def summary(self) -> str:
        return self.page.split("\n\n")[0].replace("\n", " ")


RULES: dict[str, Rule] = {}


class Reporter(Generic[P]):
    """Makes the diagnostics of one rule: takes the place first, then the values of the rule's text."""

    def __init__(self, rule: Rule, text: Callable[P, Text]) -> None:
        self.rule = rule
        self._text = text
        self.__doc__ = text.__doc__

    def __call__(self, where: Where, /, *args: P.args, **kwargs: P.kwargs) -> Diagnostic:
        text = self._text(*args, **kwargs)
        message, help = (text, "") if isinstance(text, str) else text
        provider = next((value.id for value in (*args, *kwargs.values()) if isinstance(value, Provider)), "")
        span, line = place(where)
        return Diagnostic(self.rule.code, self.rule.severity, message, span, help, provider, line)


def rule(
    code: str,
    name: str,
    severity: Severity,
    *,
    source: str,
    example: str = "",
    no_example: str = "",
    whole: bool = False,
) -> Callable[[Callable[P, Text]], Reporter[P]]:
    """Register a rule.

    The function that it decorates makes the message from values; its docstring is the rule's page. What comes out takes
    the place first and returns the diagnostic; a `Provider` among the values makes it that provider's.
    """

    def register(function: Callable[P, Text]) -> Reporter[P]:
        assert code not in RULES, code
        page = cleandoc(function.__doc__ or "")
        RULES[code] = Rule(code, name, severity, page, source, cleandoc(example), no_example, whole)
        return Reporter(RULES[code], function)

    return register


@dataclass(frozen=True)
class Context:
    """What a check may look at besides what it visits."""

    plan: BuildPlan
    dockerfile: Dockerfile
    provider: Provider
    build_args: Mapping[str, str] = field(default_factory=dict)  # as the user gave them

    @cached_property
    def hints(self) -> hints.Hints:
        """The file's `# d2t:` comments."""
        return hints.read(self.dockerfile.comments)


Visitor = Callable[[T, Context], Iterable[Diagnostic]]


class Check(NamedTuple):
    """A function that finds where a rule holds."""

    rule: Rule
    visitor: Visitor[Any]
    lint_only: bool


CHECKS: dict[type, list[Check]] = {}


def check(report: Reporter[Any], *visits: type, lint_only: bool = False) -> Callable[[Visitor[T]], Visitor[T]]:
    """Register a check of one rule beside the rule's text.

    Its function is called with each step of the plan that is of a type in `visits`, or once with the plan itself when
    that is `BuildPlan`. Checks of severity warning and error also run when a file is translated, unless `lint_only`:
    what they find then counts as well.
    """

    def register(visitor: Visitor[T]) -> Visitor[T]:
        for visited in visits:
            CHECKS.setdefault(visited, []).append(Check(report.rule, visitor, lint_only))
        return visitor

    return register


def run_checks(context: Context, found: Findings, *, lint: bool) -> None:
    """Run the checks: with `lint` those that only linting runs, without it those that translating runs as well."""
    for visited in (context.plan, *context.plan.steps):
        for item in CHECKS.get(type(visited), ()):
            if lint == (item.lint_only or item.rule.severity is Severity.INFO):
                for diagnostic in item.visitor(visited, context):
                    found.add(diagnostic)


def place(where: Where) -> tuple[Span | None, int]:
    """The range of a place, and the first line of its instruction (0: none)."""
    if where is None or isinstance(where, Span):
        return where, 0
    if isinstance(where, tuple):
        origin, token, *occurrence = where
        return origin.span(token, *occurrence), origin.line
    return where.span(), where.line
