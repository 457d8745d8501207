"""How a plan fails: one exception for what BuildKit refuses after the file was read."""

from __future__ import annotations

from d2t.diagnostics import Diagnostic, Severity
from d2t.dockerfile.expand import shown
from d2t.dockerfile.source import Origin

STAGE, EXPANSION, IMAGE, VALUE, UNUSABLE = "D2T105", "D2T106", "D2T107", "D2T108", "D2T109"


class PlanProblem(ValueError):
    """What BuildKit refuses, in its words. `origin` None: it names no line."""

    def __init__(self, code: str, message: str, origin: Origin | None, token: str = "", help: str = "") -> None:
        super().__init__(shown(message))
        self.code = code
        self.origin = origin
        self.token = token
        self.help = help

    def diagnostic(self) -> Diagnostic:
        if self.origin is None:
            return Diagnostic(self.code, Severity.ERROR, str(self), None, self.help)
        span = self.origin.span(self.token)
        return Diagnostic(self.code, Severity.ERROR, str(self), span, self.help, instruction=self.origin.line)
