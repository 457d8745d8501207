"""Diagnostics as text: for people, editors and CI services. Pure but for `color.wanted`, which asks the environment."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence

from d2t.report.model import MIN_WIDTH, Options, Report, RuleInfo

__all__ = ["FORMATS", "MIN_WIDTH", "Report", "RuleInfo", "render"]

# Each module has `render(reports, options) -> str`, and is imported when its format is asked for.
FORMATS = {
    "full": "d2t.report.full",
    "concise": "d2t.report.concise",
    "json": "d2t.report.json",
    "jsonl": "d2t.report.jsonl",
    "github": "d2t.report.github",
    "gitlab": "d2t.report.gitlab",
    "sarif": "d2t.report.sarif",
    "junit": "d2t.report.junit",
}


def render(
    reports: Sequence[Report],
    format: str,
    *,
    color: bool = False,
    width: int = 80,
    rules: Mapping[str, RuleInfo] | None = None,
    statistics: bool = False,
) -> str:
    """All reports in one format, in the order given; what is not empty ends with a newline.

    `width` is the number of terminal cells of a line of `full`, at least MIN_WIDTH; only a path that is longer stays
    whole. `rules` adds names and pages to the formats that hold them. With `statistics`, counts per rule take the
    place of the findings: as text for `full` and `concise`, as objects for `json` and `jsonl`.

    Raises ValueError for an unknown format, and for statistics in a format that has no place for them.
    """
    if format not in FORMATS:
        raise ValueError(f"unknown format {format!r}: one of {', '.join(FORMATS)}")
    options = Options(color=color, width=max(width, MIN_WIDTH), rules=rules or {})
    if statistics:
        from d2t.report import statistics as counts

        return counts.render(reports, format, options)
    text = importlib.import_module(FORMATS[format]).render(reports, options)
    assert isinstance(text, str)
    return text
