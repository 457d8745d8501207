"""How a rule is declared, and the table of all rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import cleandoc
from typing import Concatenate, ParamSpec

from d2t.diagnostics import Diagnostic, Severity, Span
from d2t.dockerfile.source import Origin
from d2t.providers import Provider

P = ParamSpec("P")
Where = Origin | tuple[Origin, str] | Span | None  # an instruction, a token of it, a range, or no place at all
Text = str | tuple[str, str]  # the message, or the message and what to do


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that d2t can say."""

    code: str  # "D2T201"
    name: str  # "copy-not-supported"
    severity: Severity
    page: str  # what it means and why, in Markdown: the docstring
    source: str  # where the fact comes from
    example: str  # a Dockerfile in which it is found

    @property
    def summary(self) -> str:
        return self.page.split("\n\n")[0].replace("\n", " ")


RULES: dict[str, Rule] = {}


def rule(
    code: str, name: str, severity: Severity, *, source: str, example: str = ""
) -> Callable[[Callable[P, Text]], Callable[Concatenate[Where, P], Diagnostic]]:
    """Register a rule.

    The function that it decorates makes the message from values; its docstring is the rule's page. What comes out takes
    the place first and returns the diagnostic; a `Provider` among the values makes it that provider's.
    """

    def register(function: Callable[P, Text]) -> Callable[Concatenate[Where, P], Diagnostic]:
        assert code not in RULES, code
        RULES[code] = Rule(code, name, severity, cleandoc(function.__doc__ or ""), source, cleandoc(example))

        def report(where: Where, /, *args: P.args, **kwargs: P.kwargs) -> Diagnostic:
            text = function(*args, **kwargs)
            message, help = (text, "") if isinstance(text, str) else text
            provider = next((value.id for value in (*args, *kwargs.values()) if isinstance(value, Provider)), "")
            span, line = place(where)
            return Diagnostic(code, severity, message, span, help, provider, line)

        report.__doc__ = function.__doc__
        return report

    return register


def place(where: Where) -> tuple[Span | None, int]:
    """The range of a place, and the first line of its instruction (0: none)."""
    if where is None or isinstance(where, Span):
        return where, 0
    origin, token = where if isinstance(where, tuple) else (where, "")
    return origin.span(token), origin.line
