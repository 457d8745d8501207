"""One JSON array of the objects of `jsonl`, an object a line."""

from __future__ import annotations

from collections.abc import Sequence

from d2t.report import jsonl
from d2t.report.model import Options, Report


def array(lines: str) -> str:
    """JSON lines as one array."""
    return "[\n" + ",\n".join(lines.splitlines()) + "\n]\n" if lines else "[]\n"


def render(reports: Sequence[Report], options: Options) -> str:
    return array(jsonl.render(reports, options))
