"""HEALTHCHECK with a tool that the image lacks, as one that needs none."""

from __future__ import annotations

from d2t.diagnostics import Diagnostic, Edit, Span
from d2t.dockerfile import instructions as ins
from d2t.lint.fixes.situation import Document, Fix, Situation, fixes
from d2t.patterns import deferred
from d2t.plan.build import ConfigStep

# /proc/PID/comm holds the first 15 bytes of the name that pgrep matches, and so does the `grep` itself
_PGREP = deferred(r"pgrep\s+(?P<exact>-x\s+)?(?P<name>[A-Za-z][\w-]{2,14})(?=\s*(?:\Z|\|\||>))")


@fixes("D2T411")
def process(item: Diagnostic, situation: Situation) -> Fix | None:
    """`pgrep nginx` → `grep -q nginx /proc/[0-9]*/comm`, which is what pgrep does; grep is part of every distribution."""
    step = situation.step(item)
    if not isinstance(step, ConfigStep) or not isinstance(step.instruction, ins.Healthcheck):
        return None
    test = step.instruction.test
    if test[0] != "CMD-SHELL" or len(test) != 2 or test[1].count("pgrep") != 1:
        return None
    match = _PGREP.search(test[1])
    if match is None or match["name"] in ("grep", "bash", "dash"):
        return None
    written = match.group()
    command = f"grep -q{'x' if match['exact'] else ''} {match['name']} /proc/[0-9]*/comm"
    lines = step.origin.source.lines
    places = [
        (number, column)
        for number in range(step.origin.line, step.origin.end_line + 1)
        if (column := lines[number - 1].find(written)) >= 0
    ]
    if len(places) != 1:
        return None
    number, column = places[0]
    span = Span(number, column + 1, number, column + 1 + len(written))

    def intended(document: Document, now: Document) -> None:
        check = document["image"]["healthcheck"]
        if check is not None:
            check["Test"] = [word.replace(written, command) for word in check["Test"]]

    return Fix((Edit(span, command),), intended)
