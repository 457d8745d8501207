"""4xx: when the sandbox counts as ready."""

from __future__ import annotations

from d2t.diagnostics import Severity
from d2t.rules.registry import rule

_READY = "e2b-dev/infra, phases/finalize/ready.go"


@rule("D2T401", "no-ready-hint", Severity.INFO, source=_READY, example="FROM python:3.12\nCMD python -m http.server")
def no_ready_hint(seconds: int) -> tuple[str, str]:
    """Nothing says when the start command is ready, so the build waits for a fixed time."""
    return (
        f"nothing says when the start command is ready: the build waits {seconds} s",
        "add HEALTHCHECK, or # d2t: ready=port:8080",
    )
