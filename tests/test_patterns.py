"""A deferred pattern is its pattern."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2t.patterns import deferred


@given(st.text("ab1 \n"))
def test_it_answers_as_the_pattern_does(text: str) -> None:
    pattern, plain = deferred(r"(?P<word>[ab]+)(\d)?", re.MULTILINE), re.compile(r"(?P<word>[ab]+)(\d)?", re.MULTILINE)
    for method in ("search", "match", "fullmatch"):
        found, expected = getattr(pattern, method)(text), getattr(plain, method)(text)
        assert (found and found.groupdict()) == (expected and expected.groupdict())
    assert pattern.findall(text) == plain.findall(text)
    assert pattern.sub("x", text) == plain.sub("x", text)
    assert pattern.split(text) == plain.split(text)
    assert [match.span() for match in pattern.finditer(text)] == [match.span() for match in plain.finditer(text)]


def test_its_other_attributes() -> None:
    assert deferred("a(?P<b>c)").groupindex == {"b": 1}
    with pytest.raises(re.error):
        deferred("(").search("")
