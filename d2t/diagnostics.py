"""What d2t has to say about a Dockerfile: diagnostics, where they point, and the list they are collected in."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How much a diagnostic matters. Values order from worst to mildest in `RANK`."""

    ERROR = "error"  # there is no template
    WARNING = "warning"  # the template differs from `docker build`'s image, and the difference is named
    INFO = "info"  # a fact worth knowing; nothing differs


RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Span(NamedTuple):
    """A range of a Dockerfile: lines and columns count from 1, in code points; the end column is exclusive.

    Column 0 means that only the lines are known.
    """

    line: int
    column: int = 0
    end_line: int = 0
    end_column: int = 0


class Edit(NamedTuple):
    """One text edit: the range `span` is replaced by `text` (no newline at the end unless it is in `text`)."""

    span: Span
    text: str


class Diagnostic(NamedTuple):
    """One finding: a rule's code, what is so, and what to do about it."""

    code: str  # "D2T201"
    severity: Severity
    message: str  # one line, no full stop
    span: Span | None = None
    help: str = ""  # what to do; may be empty
    provider: str = ""  # the provider's id when the finding holds for that provider only
    instruction: int = 0  # the first line of the instruction, where it is not the span's own
    edits: tuple[Edit, ...] = ()  # the fix, where there is a safe one: ranges of the unfixed text that do not overlap

    @property
    def line(self) -> int | None:
        """The line that BuildKit would name: the instruction's first one."""
        return self.instruction or (self.span.line if self.span else None)

    def at(self, severity: Severity) -> "Diagnostic":
        """The same finding with another severity."""
        return self._replace(severity=severity)


class Findings:
    """Collects diagnostics in the order in which they were found, each once."""

    def __init__(self) -> None:
        self._items: dict[Diagnostic, None] = {}

    def add(self, diagnostic: Diagnostic) -> None:
        self._items.setdefault(diagnostic)

    @property
    def has_errors(self) -> bool:
        return any(item.severity is Severity.ERROR for item in self._items)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def sorted(self) -> tuple[Diagnostic, ...]:
        """In file order; findings without a place come last."""

        def key(item: Diagnostic) -> tuple[int, int]:
            return (item.span.line, item.span.column) if item.span else (1 << 31, 0)

        return tuple(sorted(self._items, key=key))
