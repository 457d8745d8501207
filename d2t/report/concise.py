"""One line a finding, as compilers write it: editors and `grep` know what to do with it."""

from __future__ import annotations

from collections.abc import Sequence

from d2t.report.color import BOLD, SEVERITY, Painter
from d2t.report.model import Options, Report
from d2t.report.position import place
from d2t.report.terminal import visible


def render(reports: Sequence[Report], options: Options) -> str:
    paint = Painter(options.color)
    several = len({item.provider for report in reports for item in report.diagnostics if item.provider}) > 1
    lines = []
    for report in reports:
        path = visible(report.path)
        for item in report.diagnostics:
            provider = f" [{item.provider}]" if several and item.provider else ""
            what = paint(visible(f"{item.severity.value} {item.code}{provider}:"), SEVERITY[item.severity])
            lines.append(f"{paint(place(path, item.span), BOLD)} {what} {visible(item.message)}\n")
    return "".join(lines)
