"""How often each rule was found, the most frequent first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from d2t.diagnostics import RANK, Severity
from d2t.report.color import SEVERITY, Painter
from d2t.report.model import Options, Report
from d2t.report.terminal import visible


def render(reports: Sequence[Report], format: str, options: Options) -> str:
    """Counts as text or JSON. Raises ValueError for a format that is made of findings."""
    if format in ("full", "concise"):
        return _text(list(_objects(reports, options)), options)
    if format not in ("json", "jsonl"):
        raise ValueError(f"no statistics in format {format!r}: use full, concise, json or jsonl")
    import json

    from d2t.report.json import array

    lines = "".join(json.dumps(item) + "\n" for item in _objects(reports, options))
    return array(lines) if format == "json" else lines


def _objects(reports: Sequence[Report], options: Options) -> Iterator[dict[str, Any]]:
    """A rule that was found with several severities has one object for each."""
    found = Counter((item.code, item.severity) for report in reports for item in report.diagnostics)
    files = Counter(key for report in reports for key in {(item.code, item.severity) for item in report.diagnostics})
    fixable = Counter((item.code, item.severity) for report in reports for item in report.diagnostics if item.edits)
    for key in sorted(found, key=lambda key: (-found[key], key[0], RANK[key[1]])):
        code, severity = key
        rule = options.rules.get(code)
        yield {
            "code": code,
            "name": rule.name if rule else None,
            "severity": severity.value,
            "count": found[key],
            "files": files[key],
            "fixable": fixable[key],
        }


def _text(objects: Sequence[dict[str, Any]], options: Options) -> str:
    paint = Painter(options.color)
    digits = max((len(str(item["count"])) for item in objects), default=1)
    lines = []
    for item in objects:
        severity = paint(f"{item['severity']:7}", SEVERITY[Severity(item["severity"])])
        name = f" {item['name']}" if item["name"] else ""
        fixable = f" ({item['fixable']} fixable)" if item["fixable"] else ""
        lines.append(f"{item['count']:{digits}}  {severity}  {visible(item['code'] + name)}{fixable}\n")
    return "".join(lines)
