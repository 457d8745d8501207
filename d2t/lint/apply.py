"""Text edits, applied: line by line through dockerfile-parse, so that all other lines stay byte for byte as they are."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

from d2t.diagnostics import Edit


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text after the edits, whose ranges do not overlap. New line ends are those of the line that is replaced."""
    from dockerfile_parse import DockerfileParser

    parser = DockerfileParser(fileobj=BytesIO(text.encode("utf-8")))
    lines = parser.lines
    if not lines or lines[-1].endswith("\n"):
        lines.append("")  # the line behind the last line end
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    if mark:
        lines[0] = lines[0].removeprefix(mark)
    for edit in sorted(edits, key=lambda edit: (edit.span.line, edit.span.column), reverse=True):
        first, last = edit.span.line - 1, edit.span.end_line - 1
        before = lines[first][: edit.span.column - 1]
        after = lines[last][edit.span.end_column - 1 :]
        end = "\r\n" if lines[first].endswith("\r\n") else "\n"
        lines[first : last + 1] = [before + edit.text.replace("\n", end) + after]
    if mark:
        lines[0] = mark + lines[0]
    parser.lines = lines
    content: str = parser.content
    return content
