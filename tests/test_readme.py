"""The README says what the code does."""

from __future__ import annotations

from tests.readme import README, refreshed


def test_generated_parts_are_current() -> None:
    text = README.read_text("utf-8")
    assert refreshed(text) == text, "run `python -m tests.readme`"
