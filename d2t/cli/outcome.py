"""What a build has come to, as one JSON object or as lines, and the end of the command."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import Any, NoReturn

import click

from d2t.cli import console
from d2t.cli.sources import Source
from d2t.diagnostics import Diagnostic
from d2t.providers import Provider
from d2t.report import Report, render
from d2t.service import Build


@dataclass(slots=True)
class Outcome:
    """Grows while the command runs. The methods that end the program print the object first if `as_json`."""

    source: Source
    provider: Provider
    as_json: bool
    diagnostics: list[Diagnostic] = field(default_factory=list)
    name: str = ""
    build: Build | None = None
    status: str = ""  # the service's word; "" when there is no build
    reason: dict[str, Any] | None = None  # of a failed build: message, step, line
    error: str = ""  # why the service could not be used, or not to the end
    executed: bool = True  # False for a build that was only checked
    requests: list[dict[str, Any]] | None = None  # of a dry run

    def add(self, *diagnostics: Diagnostic) -> None:
        """Keep diagnostics, and show them."""
        if diagnostics:
            self.diagnostics += diagnostics
            console.show([self.report(diagnostics)])

    def stop(self, message: str, code: int = 2) -> NoReturn:
        """End with a line that says why."""
        self.error = message
        console.error(message)
        self.end(code)

    def end(self, code: int) -> NoReturn:
        if self.as_json:
            click.echo(json.dumps(self.document()))
        sys.exit(code)

    def document(self) -> dict[str, Any]:
        """The object; null where something is not known or did not happen."""
        document: dict[str, Any] = {
            "file": self.source.path,
            "provider": self.provider.id,
            "templateId": self.build.template_id if self.build else None,
            "buildId": self.build.build_id if self.build else None,
            "name": self.name or None,
            "alias": self.build.alias if self.build else None,
            "status": self.status or None,
            "reason": self.reason,
            "error": self.error or None,
            "executed": self.executed if self.build else None,
            "diagnostics": json.loads(render([self.report(tuple(self.diagnostics))], "json")),
        }
        if self.requests is not None:
            document["requests"] = self.requests
        return document

    def report(self, diagnostics: tuple[Diagnostic, ...]) -> Report:
        return Report(self.source.path, self.source.text, diagnostics)
