"""Which rules count, and how much: codes and the beginnings of codes, the longest that fits decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from d2t.diagnostics import RANK, Diagnostic, Severity
from d2t.rules import RULES


class ChoiceError(ValueError):
    """A code that no rule begins with, or a severity that there is not; one line."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`select` and `ignore` hold codes (`D2T203`) or their beginnings (`D2T3`, `D2T`); of two that fit the longer counts, of
    equal ones `ignore`. `severity` says how much a rule counts instead of its own severity.

    Raises ChoiceError.
    """

    select: tuple[str, ...] = ("D2T",)
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, str] = field(default_factory=dict)
    least: Severity = Severity.INFO  # what is milder is not shown
    never: tuple[str, ...] = ()  # codes that do not count whatever is selected: those that a file's settings leave out

    def __post_init__(self) -> None:
        for code in (*self.select, *self.ignore, *self.severity, *self.never):
            if not code or not any(known.startswith(code.upper()) for known in RULES):
                raise ChoiceError(f"there is no rule {code!r}: `d2t rule --all` lists them")
        for code, severity in self.severity.items():
            if severity not in RANK:
                raise ChoiceError(f"the severity of {code} is one of {', '.join(RANK)}, not {severity!r}")

    def selects(self, code: str) -> bool:
        """Whether a rule counts at all."""
        if self.never and _longest(code, self.never):
            return False
        return _longest(code, self.select) > _longest(code, self.ignore)

    def severity_of(self, code: str, own: Severity) -> Severity:
        """How much a finding of this rule counts."""
        best = max((key for key in self.severity if code.startswith(key.upper())), key=len, default="")
        return Severity(self.severity[best]) if best else own

    def apply(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The findings that count, with the severity that they count with."""
        kept = []
        for item in found:
            if not self.selects(item.code):
                continue
            severity = self.severity_of(item.code, item.severity)
            if RANK[severity] <= RANK[self.least]:
                kept.append(item if severity is item.severity else item.at(severity))
        return kept


def _longest(code: str, beginnings: Iterable[str]) -> int:
    return max((len(one) for one in beginnings if code.startswith(one.upper())), default=0)
