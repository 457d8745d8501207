"""COPY's patterns over the context, as Go's filepath.Match reads them: one part of the path at a time."""

from __future__ import annotations

import re
from functools import lru_cache

from d2t.lower.options import Context

_WILD = re.compile(r"[*?\[\\]")


def is_wild(pattern: str) -> bool:
    return bool(_WILD.search(pattern))


def matches(context: Context, pattern: str) -> list[str]:
    """The context's paths that a pattern names, sorted; "" is the context itself."""
    parts = [part for part in pattern.strip("/").split("/") if part]
    if not parts:
        return [""]
    if not is_wild(pattern):
        path = "/".join(parts)
        return [path] if path in context.entries or _is_folder(context, path) else []
    depth = len(parts)
    expressions = [_expression(part) for part in parts]
    return [
        path
        for path in context.entries
        if path.count("/") + 1 == depth
        and all(expression.fullmatch(part) for expression, part in zip(expressions, path.split("/"), strict=True))
    ]


def _is_folder(context: Context, path: str) -> bool:
    """Whether a folder that is itself left out holds something that is not."""
    return any(other.startswith(f"{path}/") for other in context.entries)


@lru_cache(maxsize=256)
def _expression(part: str) -> re.Pattern[str]:
    out, position = [], 0
    while position < len(part):
        char = part[position]
        position += 1
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "\\" and position < len(part):
            out.append(re.escape(part[position]))
            position += 1
        elif char == "[" and (end := part.find("]", position + 1)) > 0:
            inner = part[position:end]
            negated = inner.startswith("^")
            inner = inner.removeprefix("^").replace("\\", "").replace("[", "\\[")
            out.append(f"[{'^' if negated else ''}{inner}]")
            position = end + 1
        else:
            out.append(re.escape(char))
    return re.compile("".join(out), re.DOTALL)
