"""Every rule has a page, a source, an example that gives it, and cases; the cases give what they mark."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from d2t import providers
from d2t.diagnostics import Diagnostic, Severity, Span
from d2t.lint import Ask, Choice, lint, repaired
from d2t.lint.fixes import FIXES
from d2t.lint.gather import gather
from d2t.lint.pages import example
from d2t.lint.run import FIXABLE
from d2t.lower.options import Context
from d2t.rules import RULES

CASES = tomllib.loads((Path(__file__).parent / "findings.toml").read_text(encoding="utf-8"))
FAMILIES = {"1", "2", "3", "4", "5"}


@dataclass(frozen=True)
class Case:
    code: str
    text: str
    spans: tuple[Span, ...]
    provider: providers.Provider
    nowhere: bool
    fixed: str | None


def read(code: str, entry: dict[str, Any]) -> Case:
    """A case, its marks taken out of the text."""
    spans: list[Span] = []
    lines = []
    for number, line in enumerate(entry["dockerfile"].removeprefix("\n").split("\n"), 1):
        while match := re.search("«(.*?)»", line):
            start = match.start() + 1
            spans.append(Span(number, start, number, start + len(match[1])))
            line = line[: match.start()] + match[1] + line[match.end() :]
        lines.append(line)
    fixed = entry.get("fixed")
    return Case(
        code,
        "\n".join(lines),
        tuple(spans),
        providers.load(entry.get("provider", "baidu")),
        entry.get("nowhere", False),
        fixed.removeprefix("\n") if fixed is not None else None,
    )


TABLE = [read(code, entry) for code, entries in CASES.items() for entry in entries]
IDS = [f"{case.code}-{index}" for index, case in enumerate(TABLE)]


def found(case: Case) -> list[Diagnostic]:
    """What is said of a case by its rule, with whatever build context makes the rule speak."""
    for ask in (Ask(), Ask(context=Context("."))):
        items = [item for item in lint(case.text, (case.provider,), ask) if item.code == case.code]
        if items:
            return items
    everything = gather(case.text, (case.provider,), Ask(), quiet=False).diagnostics
    return [item for item in everything if item.code == case.code]


def place(span: Span | None) -> tuple[int, int, int, int] | None:
    return span and (span.line, span.column, span.end_line or span.line, span.end_column)


@pytest.mark.parametrize("case", TABLE, ids=IDS)
def test_a_case_gives_what_it_marks(case: Case) -> None:
    expected = [None] if case.nowhere else [place(span) for span in case.spans]
    assert [place(item.span) for item in found(case)] == expected


@pytest.mark.parametrize("case", [case for case in TABLE if case.fixed is not None], ids=lambda case: case.code)
def test_a_fix_gives_what_the_case_says(case: Case) -> None:
    choice = Choice(ignore=tuple(code for code in FIXES if code != case.code))
    text, _, count = repaired(case.text, (case.provider,), Ask(), choice)
    assert text == case.fixed
    assert (count > 0) == (case.fixed != case.text)
    assert repaired(text, (case.provider,), Ask(), choice)[2] == 0


@pytest.mark.parametrize("code", RULES)
def test_a_rule_explains_itself(code: str) -> None:
    rule = RULES[code]
    assert re.fullmatch(r"D2T[1-5]\d\d", code)
    assert code[3] in FAMILIES
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)+", rule.name)
    assert rule.page.endswith((".", "`", "|", "```")), "a page is made of sentences"
    assert len(rule.page) > 40
    assert rule.source
    assert bool(rule.example) != bool(rule.no_example), "an example, or why there is none"


@pytest.mark.parametrize("code", [code for code in RULES if RULES[code].example])
def test_an_example_gives_its_rule(code: str) -> None:
    item = next(filter(None, (example(RULES[code], providers.load(name)) for name in providers.names())), None)
    assert item is not None
    assert "\n" not in item.message
    assert not item.message.endswith(".")


def test_every_rule_that_a_file_gives_has_cases() -> None:
    marked = {case.code for case in TABLE if case.spans or case.nowhere}
    assert marked == {code for code in RULES if RULES[code].example}


def test_what_can_be_fixed_is_known_without_loading_the_fixes() -> None:
    assert set(FIXES) == FIXABLE


def test_every_fix_has_cases_with_and_without_it() -> None:
    for code in FIXES:
        assert any(case.fixed is not None and case.fixed != case.text for case in TABLE if case.code == code), code
    assert any(case.fixed == case.text for case in TABLE)


def test_names_are_unique_and_there_are_enough() -> None:
    assert len({rule.name for rule in RULES.values()}) == len(RULES) >= 40
    assert {rule.severity for rule in RULES.values()} == set(Severity)
