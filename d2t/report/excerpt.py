"""The lines that a finding points to, with carets below the range, no wider than the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from d2t.diagnostics import Span
from d2t.report.position import resolve
from d2t.report.terminal import cell

CUT = "..."  # where a line goes on; ASCII, since some terminals show an ellipsis two cells wide
MAX_LINES = 4  # a longer range shows its first lines and its last


class Row(NamedTuple):
    """One line of the Dockerfile as it is shown."""

    number: int  # 0 for a row that stands for the lines left out
    text: str
    indent: int = 0  # cells before the carets
    carets: int = 0


def excerpt(lines: Sequence[str], span: Span, width: int) -> list[Row]:
    """The rows for a range, each text at most `width` cells wide; none when the text does not have these lines."""
    place = resolve(span, lines)
    if place.line > len(lines):
        return []
    last = place.end_line
    if last > place.line and place.end_column == 1:
        last -= 1  # only the line break before it belongs to the range
    rows = []
    for number in _shown(place.line, last):
        if number == 0:
            rows.append(Row(0, CUT))
            continue
        text = lines[number - 1]
        start = place.column - 1 if number == place.line else 0
        end = place.end_column - 1 if number == place.end_line else len(text)
        if last > place.line or not span.column:  # blanks around are not what is meant
            end = start + len(text[start:end].rstrip())
            start = end - len(text[start:end].lstrip())
            if start == end and number != place.line:
                rows.append(Row(number, _window(text, 0, 0, width).text))
                continue
        row = _window(text, start, end, width)
        rows.append(Row(number, row.text, row.indent, row.carets))
    return rows


def _shown(first: int, last: int) -> Iterator[int]:
    if last - first < MAX_LINES:
        yield from range(first, last + 1)
    else:
        yield from (*range(first, first + MAX_LINES - 2), 0, last)


def _window(text: str, start: int, end: int, width: int) -> Row:
    """The part of a line around text[start:end]: all of it where it fits, else as much as fits, cut marks included."""
    if len(text) < width and text.isascii() and text.isprintable():
        return Row(0, text.rstrip(), start, max(end - start, 1))

    # A line can be megabytes long: only the characters that may become visible are looked at.
    low = max(start - width, 0)
    high = min(len(text), start + 4 * width)
    cells = [cell(char) for char in text[low:high]]
    if start >= len(text):
        cells.append((" ", 1))  # what a caret behind the end stands under
        end = start + 1
    widths = [size for _, size in cells]
    first, last = start - low, min(end, low + len(cells)) - low

    left, right, more = 0, len(cells), high < len(text)
    if more or low or sum(widths) > width:
        room = width - 2 * len(CUT)
        if low or sum(widths[: max(last, first + 1)]) > width - len(CUT):
            left = _left_edge(widths, first, last, room, more)
        if left == 0 and low == 0:
            room += len(CUT)
        right, more = _right_edge(widths, left, room, more)
    before = CUT if left or low else ""
    after = CUT if more else ""
    shown = before + "".join(char for char, _ in cells[left:right]) + after
    carets = sum(widths[first : min(last, right)]) + (len(after) if last > right or end > high else 0)
    return Row(0, shown.rstrip(), len(before) + sum(widths[left:first]), max(carets, 1))


def _left_edge(widths: Sequence[int], first: int, last: int, room: int, more: bool) -> int:
    """Where to start so that the range is in the middle, near the left when it is long, and no cell is left empty."""
    spare = room - sum(widths[first:last])
    unused = 0 if more else spare + len(CUT) - sum(widths[last:])
    spare = max(spare // 2, room // 4, unused)
    left = first
    while left > 0 and widths[left - 1] <= spare:
        left -= 1
        spare -= widths[left]
    return left


def _right_edge(widths: Sequence[int], left: int, room: int, more: bool) -> tuple[int, bool]:
    """Where to stop, and whether something is left out there; `room` leaves space for a cut mark."""
    if not more and sum(widths[left:]) <= room + len(CUT):
        return len(widths), False
    right = left
    while right < len(widths) and widths[right] <= room:
        room -= widths[right]
        right += 1
    return right, True
