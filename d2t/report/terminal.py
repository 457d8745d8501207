"""Text of unknown origin on a terminal: nothing that steers it gets through, and widths are known."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import category, east_asian_width

TAB = "    "


def visible(text: str, keep: str = "") -> str:
    """The text with every character that does not print shown by its code point, except those of `keep`.

    That covers escape sequences, line breaks, bidirectional controls, zero-width and no-break blanks, lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else _code_point(char) for char in text)


def _code_point(char: str) -> str:
    return f"<U+{ord(char):04X}>"


@lru_cache(maxsize=4096)
def cell(char: str) -> tuple[str, int]:
    """How an excerpt shows one character, and how many cells wide that is."""
    if char == "\t":
        return TAB, len(TAB)
    if not char.isprintable():
        shown = _code_point(char)
        return shown, len(shown)
    if category(char) in ("Mn", "Me") or "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff":
        return char, 0  # marks, and the Hangul vowels and finals that join the consonant before them
    return char, 2 if east_asian_width(char) in "WF" else 1


def columns(text: str) -> int:
    """How many cells wide printable text is."""
    return len(text) if text.isascii() else sum(cell(char)[1] for char in text)


def wrap(text: str, first: int, rest: int) -> list[str]:
    """Printable text broken at blanks: the first line at most `first` cells wide, the others `rest`.

    A word wider than `rest` is broken where the line ends. The first line is empty when nothing fits on it.
    """
    lines: list[str] = []
    line, room = "", first
    for word in text.split(" "):
        size = columns(word)
        gap = " " if line else ""
        if len(gap) + size > room and (size <= rest or room < rest // 4):
            lines.append(line)
            line, gap, room = "", "", rest
        line += gap
        room -= len(gap)
        if size <= room:
            line += word
            room -= size
            continue
        for char in word:
            size = cell(char)[1]
            if size > room:
                lines.append(line)
                line, room = "", rest
            line += char
            room -= size
    lines.append(line)
    return lines
