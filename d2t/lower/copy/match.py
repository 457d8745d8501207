"""COPY's sources in the context: Go's filepath.Match for patterns, and links followed inside the context.

As BuildKit does (tonistiigi/fsutil, copy): `..` and absolute links begin at the context's root and never leave it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from d2t.lower.options import Context, Entry

ROOT = Entry("dir", mode=0o755)
_LINKS = 255  # how many links Linux and BuildKit follow
_NEVER = re.compile(r"(?!)")


class Found(NamedTuple):
    """Where a path of the context leads."""

    path: str  # without links; "" for the context itself
    contained: bool  # every link on the way is relative and stays inside: another reader comes to the same file


def is_wild(pattern: str) -> bool:
    """Whether BuildKit takes a source for a pattern (containsWildcards)."""
    return bool(re.search(r"[*?\[]", re.sub(r"\\.", "", pattern, flags=re.DOTALL)))


def entry_of(context: Context, path: str) -> Entry:
    """What is at a path that `follow` found."""
    return context.entries[path] if path else ROOT


def matches(context: Context, pattern: str) -> list[str] | None:
    """The paths that a source names, in BuildKit's order; "" is the context itself.

    None when the source, or the folder in front of its first pattern, is missing. An empty list is none of Docker's errors.
    """
    parts = [part for part in pattern.split("/") if part]
    plain = next((index for index, part in enumerate(parts) if is_wild(part)), len(parts))
    if plain == len(parts):
        path = "/".join(parts)
        return [path] if follow(context, path) else None
    folder = follow(context, "/".join(parts[:plain]))
    if folder is None or entry_of(context, folder.path).type != "dir":
        return None
    expressions = [_expression(part) for part in parts[plain:]]
    base = f"{folder.path}/" if folder.path else ""
    found = []
    for path in context.entries:
        if path.startswith(base):
            names = path[len(base) :].split("/")
            if len(names) == len(expressions) and all(map(re.Pattern.fullmatch, expressions, names)):
                found.append(names)
    return [base + "/".join(names) for names in sorted(found)]


def follow(context: Context, path: str, last: bool = True) -> Found | None:
    """The file or folder behind a path; None where there is none. `last`: also follow a link that is the path itself."""
    todo = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    done: list[str] = []
    contained, links = True, 0
    while todo:
        part = todo.pop()
        if part == "..":
            contained = contained and bool(done)
            del done[-1:]
            continue
        entry = context.entries.get("/".join([*done, part]))
        if entry is None or (todo and entry.type not in ("dir", "link")):
            return None
        if entry.type != "link" or not (todo or last):
            done.append(part)
            continue
        links += 1
        if links > _LINKS:
            return None
        if entry.target.startswith("/"):
            done, contained = [], False
        todo += [step for step in reversed(entry.target.split("/")) if step not in ("", ".")]
    return Found("/".join(done), contained)


@lru_cache(maxsize=256)
def _expression(part: str) -> re.Pattern[str]:
    """One part of a pattern; one that Go calls malformed matches nothing."""
    out, position = [], 0
    while position < len(part):
        char = part[position]
        position += 1
        if char == "*":
            out.append(".*")
        elif char == "?":
            out.append(".")
        elif char == "[":
            group = _group(part, position)
            if group is None:
                return _NEVER
            text, position = group
            out.append(text)
        elif char == "\\":
            if position == len(part):
                return _NEVER
            out.append(re.escape(part[position]))
            position += 1
        else:
            out.append(re.escape(char))
    return re.compile("".join(out), re.DOTALL)


def _group(part: str, position: int) -> tuple[str, int] | None:
    """A character class that begins behind `[`: its expression and where it ends; None when it is malformed."""
    negated = part.startswith("^", position)
    position += negated
    ranges: list[str] = []
    while not (ranges and part.startswith("]", position)):
        low = high = _member(part, position)
        if low is not None and part.startswith("-", low[1]):
            high = _member(part, low[1] + 1)
        if low is None or high is None:
            return None
        position = high[1]
        # one that runs backwards holds nothing
        ranges.append(f"{re.escape(low[0])}-{re.escape(high[0])}" if low[0] <= high[0] else "")
    inside = "".join(ranges)
    if not inside:
        return "." if negated else "(?!)", position + 1
    return f"[{'^' if negated else ''}{inside}]", position + 1


def _member(part: str, position: int) -> tuple[str, int] | None:
    """One character of a class, and where it ends."""
    char = part[position : position + 1]
    if char in ("-", "]"):
        return None
    if char == "\\":
        position += 1
        char = part[position : position + 1]
    return (char, position + 1) if char else None
