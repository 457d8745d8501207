"""For people: what, where, the lines themselves, and what to do. A blank line between findings, a count at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from d2t.diagnostics import Diagnostic, Severity
from d2t.report.color import BOLD, GUTTER, HELP, SEVERITY, Painter
from d2t.report.excerpt import Row, excerpt
from d2t.report.model import Options, Report
from d2t.report.position import lines_of, place
from d2t.report.terminal import columns, visible, wrap

INDENT = "    "


def render(reports: Sequence[Report], options: Options) -> str:
    paint = Painter(options.color)
    several = len({item.provider for report in reports for item in report.diagnostics if item.provider}) > 1
    blocks = []
    for report in reports:
        lines = lines_of(report) if report.text else ()
        for diagnostic in report.diagnostics:
            block = _header(report.path, diagnostic, options.width, paint, several)
            block += _body(lines, diagnostic, options.width, paint)
            blocks.append("\n".join(block) + "\n")
    if not blocks:
        return ""
    return "\n".join([*blocks, "\n".join(wrap(_count(reports), options.width, options.width)) + "\n"])


def _header(path: str, item: Diagnostic, width: int, paint: Painter, name_provider: bool) -> list[str]:
    """`Dockerfile:14:6: error D2T201: message`. The place is never broken: terminals make a link of it."""
    where = place(visible(path), item.span)
    provider = f" [{item.provider}]" if name_provider and item.provider else ""
    what = visible(f"{item.severity.value} {item.code}{provider}:")
    head = f"{paint(where, BOLD)} {paint(what, SEVERITY[item.severity])}"
    used = columns(where) + 1 + columns(what)
    if used > width:
        head = f"{paint(where, BOLD)}\n{INDENT}{paint(what, SEVERITY[item.severity])}"
        used = len(INDENT) + columns(what)
    first, *rest = wrap(visible(item.message), width - used - 1, width - len(INDENT))
    return [f"{head} {paint(first, BOLD)}" if first else head, *(INDENT + paint(line, BOLD) for line in rest)]


def _body(lines: Sequence[str], item: Diagnostic, width: int, paint: Painter) -> list[str]:
    rows: list[Row] = []
    digits = 2
    if item.span and item.span.line > 0 and lines:
        digits = len(str(min(max(item.span.line, item.span.end_line), len(lines))))
        rows = excerpt(lines, item.span, width - digits - 3)
    body = [paint(f"{'':{digits}} |", GUTTER)] if rows else []
    for row in rows:
        if not row.number:
            body.append(paint(row.text, GUTTER))
            continue
        bar = paint(f"{row.number:{digits}} |", GUTTER)
        body.append(f"{bar} {row.text}" if row.text else bar)
        if row.carets:
            carets = paint("^" * row.carets, SEVERITY[item.severity])
            body.append(f"{paint(f'{chr(32) * digits} |', GUTTER)} {' ' * row.indent}{carets}")
    if item.help:
        indent = " " * (digits + 1)
        label = "= help:"
        room = width - len(indent) - len(label) - 1
        text = [line for part in item.help.splitlines() for line in wrap(visible(part), room, room)]
        body.append(f"{indent}{paint(label, HELP)} {text[0] if text else ''}".rstrip())
        body += [f"{indent}{' ' * len(label)} {line}".rstrip() for line in text[1:]]
    return body


def _count(reports: Sequence[Report]) -> str:
    """`2 errors and 1 warning in 1 of 3 files; d2t lint --fix can repair 1`."""
    found = Counter(item.severity for report in reports for item in report.diagnostics)
    several = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "info"}
    counts = [f"{n} {several[kind] if n > 1 else kind.value}" for kind in Severity if (n := found[kind])]
    text = " and ".join([", ".join(counts[:-1]), counts[-1]] if len(counts) > 1 else counts)
    if len(reports) > 1:
        text += f" in {sum(1 for report in reports if report.diagnostics)} of {len(reports)} files"
    fixable = sum(1 for report in reports for item in report.diagnostics if item.edits)
    return f"{text}; `d2t lint --fix` can repair {fixable}" if fixable else text
