"""Patterns with signs: substrings without which a pattern cannot be found, looked for first. Most texts have none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple


class Form(NamedTuple):
    """One pattern. A match holds at least one of the signs."""

    signs: tuple[str, ...]
    pattern: str


def occurs(forms: Iterable[Form], text: str) -> bool:
    """Whether the text has one of these forms."""
    for signs, pattern in forms:
        for sign in signs:
            if sign in text:
                if _compiled(pattern).search(text):
                    return True
                break
    return False


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
