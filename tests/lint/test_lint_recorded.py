"""Lint says of the fixtures what is recorded, and says nothing false of what is known to behave the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from d2t import providers
from d2t.diagnostics import Severity
from d2t.lint import Ask, lint
from d2t.lower.options import Options

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "engine" / "cases"))

from lint_recorded import NAME, findings, folders
from load import cases

OF_THE_BASE = {
    "D2T312",
    "D2T313",
    "D2T314",
    "D2T330",
}  # without the base image's config, which the cases' verdicts know


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_findings_are_the_recorded_ones(folder: Path) -> None:
    recorded = folder / NAME
    assert recorded.exists(), "python -m tests.lint.lint_recorded"
    assert findings(folder) == recorded.read_bytes().decode()


def said(case: Any) -> dict[str, Severity]:
    """The worst severity of each rule that is found in a case of tests/engine."""
    options = Options(allow=frozenset(case.allow))
    found = lint(case.dockerfile, (providers.load(case.provider),), Ask(case.args, case.target, None, options))
    return {item.code: item.severity for item in found}


@pytest.mark.parametrize("case", [case for case in cases() if case.verdict == "same"], ids=lambda case: case.id)
def test_what_behaves_the_same_is_not_warned_of(case: Any) -> None:
    allowed = OF_THE_BASE if case.base or case.allow else set()
    warned = {code for code, severity in said(case).items() if severity is not Severity.INFO} - allowed
    if case.allow:
        warned -= {"D2T203", "D2T204"}  # the user's own choice, which stays a warning
    assert not warned


@pytest.mark.parametrize("case", [case for case in cases() if case.codes and not case.base], ids=lambda case: case.id)
def test_what_differs_or_is_refused_is_found(case: Any) -> None:
    needs_files = {"D2T216", "D2T218"}
    assert set(case.codes) - needs_files <= set(said(case))
