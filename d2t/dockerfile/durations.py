"""Durations as Go writes them: `1m30s`."""

from __future__ import annotations

import re

from d2t.patterns import deferred

_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_DURATION = deferred(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]+)")


def duration(text: str) -> int:
    """Nanoseconds of a Go duration ("1m30s"). Raises ValueError in Go's words (time.ParseDuration)."""
    rest = text
    sign = -1 if rest.startswith("-") else 1
    rest = rest[1:] if rest[:1] in ("-", "+") else rest
    if rest == "0":
        return 0
    total = 0
    if not rest:
        raise ValueError(f'time: invalid duration "{text}"')
    while rest:
        match = _DURATION.match(rest)
        if match is None or not (match[1] or match[2]):
            missing = re.match(r"[0-9.]*[0-9][0-9.]*\Z", rest)
            raise ValueError(f'time: {"missing unit in" if missing else "invalid"} duration "{text}"')
        if match[3] not in _UNITS:
            raise ValueError(f'time: unknown unit "{match[3]}" in duration "{text}"')
        unit = _UNITS[match[3]]
        total += int(match[1] or 0) * unit
        if match[2]:
            total += int(match[2]) * unit // 10 ** len(match[2])
        rest = rest[match.end() :]
    if total >= 2**63:
        raise ValueError(f'time: invalid duration "{text}"')
    return sign * total
