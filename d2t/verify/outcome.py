"""What came of verifying one Dockerfile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from d2t.diagnostics import Diagnostic, Severity
from d2t.verify.explain import Cause


class Status(StrEnum):
    """The verdict."""

    SAME = "same"
    DIFFERENT = "different"
    REFUSED = "refused"  # d2t gave no template, and diagnostics say why
    FAILED = "failed"  # Docker builds it, the service does not
    UNKNOWN = "unknown"  # Docker does not build it here: there is nothing to compare with


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one Dockerfile, with what leads to it."""

    name: str  # the file, as it was given
    provider: str
    status: Status
    diagnostics: tuple[Diagnostic, ...] = ()
    causes: tuple[Cause, ...] = ()
    message: str = ""  # why it failed, or what could not be compared
    line: int = 0  # the Dockerfile's line that `message` is about, 0 for none
    notes: tuple[str, ...] = ()  # what was left out, where that depends on the file
    seconds: float = 0.0

    @property
    def announced(self) -> bool:
        """Whether a warning of d2t stands behind every difference."""
        return bool(self.causes) and all(item.announced_by for cause in self.causes for item in cause.differences)


def to_json(outcome: Outcome) -> dict[str, Any]:
    """JSON-able data."""
    return {
        "file": outcome.name,
        "provider": outcome.provider,
        "status": outcome.status.value,
        "message": outcome.message or None,
        "line": outcome.line or None,
        "notes": list(outcome.notes),
        "diagnostics": [
            {"code": item.code, "severity": item.severity.value, "message": item.message, "line": item.line}
            for item in outcome.diagnostics
        ],
        "steps": [
            {
                "line": cause.line or None,
                "instruction": cause.instruction or None,
                "differences": [
                    {
                        "area": item.difference.area,
                        "subject": item.difference.subject,
                        "aspect": item.difference.aspect or None,
                        "docker": item.difference.docker,
                        "service": item.difference.service,
                        "why": item.why,
                        "announced_by": list(item.announced_by),
                    }
                    for item in cause.differences
                ],
            }
            for cause in outcome.causes
        ],
        "seconds": round(outcome.seconds, 2),
    }


MOST_LINES = 12  # of one step in the text, so that a step with a thousand files stays readable
_WIDEST = 200


def to_text(outcome: Outcome) -> str:
    """The verdict for people; ends with a newline."""
    lines = [f"{outcome.name}: {outcome.status.value}{_headline(outcome)}"]
    for cause in outcome.causes:
        lines.append(f"  {_place(outcome, cause)}")
        for item in cause.differences[:MOST_LINES]:
            lines.append(
                f"    {_subject(item.difference.area, item.difference.subject, item.difference.aspect)}: "
                f"{_side(item.difference.docker)} (docker), {_side(item.difference.service)} (service)"
            )
            codes = f" [{', '.join(item.announced_by)}]" if item.announced_by else ""
            lines.append(f"      {item.why}{codes}")
        if len(cause.differences) > MOST_LINES:
            lines.append(f"    … and {len(cause.differences) - MOST_LINES} more (--json lists all)")
    lines += [f"  note: {note}" for note in outcome.notes]
    return "\n".join(lines) + "\n"


def _headline(outcome: Outcome) -> str:
    if outcome.status is Status.REFUSED:
        errors = [item for item in outcome.diagnostics if item.severity is Severity.ERROR]
        return "".join(f"\n  {_at(item.line or 0)}{item.code}: {item.message}" for item in errors)
    if outcome.message:
        return f"\n  {_at(outcome.line)}{_short(outcome.message)}"
    count = sum(len(cause.differences) for cause in outcome.causes)
    return (
        f" ({count} difference{'s' if count != 1 else ''}{', all announced' if outcome.announced else ''})"
        if count
        else ""
    )


def _at(line: int) -> str:
    return f"line {line}: " if line else ""


def _place(outcome: Outcome, cause: Cause) -> str:
    if not cause.line:
        return "no instruction of the Dockerfile"
    return f"line {cause.line}: {_short(cause.instruction)}"


def _subject(area: str, subject: str, aspect: str) -> str:
    if area == "files":
        return _short(subject) if aspect == "presence" else f"{_short(subject)} {aspect}"
    name = f"{subject} {aspect}" if aspect else subject
    return f"{'later commands' if area == 'later' else 'start command'}, {name}"


def _side(text: str) -> str:
    return _short(text) if text else "absent"


def _short(text: str) -> str:
    """One printable line; of a long one the middle is left out."""
    if len(text) > _WIDEST:
        text = f"{text[: _WIDEST // 2]}…{text[-_WIDEST // 2 :]}"
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "replace").decode() for char in text)
