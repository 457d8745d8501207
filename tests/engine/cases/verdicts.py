"""Cases to jobs of the verifier, and their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cases.load import Case

from d2t import api
from d2t.context import scan
from d2t.providers import load
from d2t.verify.jobs import Job
from d2t.verify.outcome import Outcome, Status
from d2t.verify.run import Verifier
from d2t.verify.translation import job


def job_of(case: Case, folder: Path) -> Job:
    """d2t's job for a case, with its files written to a new folder."""
    context = case.write(folder)
    provider = load(case.provider)
    more = {"context": scan(context)} if provider["instructions.copy"] else {}

    def transpile(config: Any) -> api.Result:
        return api.transpile(
            folder / "Dockerfile",
            provider=case.provider,
            build_args=case.args,
            target=case.target,
            allow=case.allow,
            base_config=config,
            **more,
        )

    return job(
        case.id,
        folder / "Dockerfile",
        context,
        provider,
        transpile,
        build_args=case.args,
        target=case.target,
        yardstick=folder / "Dockerfile.docker" if case.docker else None,
    )


class Verdicts:
    """The outcomes of cases: worked on together, handed out one by one."""

    def __init__(
        self, verifier: Verifier, selected: Sequence[Case], folder: Path, make: Callable[[Case, Path], Job] = job_of
    ) -> None:
        self._found: dict[str, Outcome] = {}
        self._outcomes = verifier.verify([make(case, folder / case.id) for case in selected])

    def of(self, case: Case) -> Outcome:
        while case.id not in self._found:
            outcome = next(self._outcomes)
            self._found[outcome.name] = outcome
        return self._found[case.id]


def verdict(outcome: Outcome) -> str:
    """The outcome as the cases name it: differences that warnings tell of are "warned"."""
    if outcome.status is Status.DIFFERENT and outcome.announced:
        return "warned"
    return outcome.status.value
