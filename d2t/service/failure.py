"""Which line of the Dockerfile a failed build is about. Pure."""

from __future__ import annotations

from d2t.diagnostics import Diagnostic, Span
from d2t.dockerfile import instructions as ins
from d2t.dockerfile.source import Origin
from d2t.plan.build import BuildPlan, ConfigStep
from d2t.providers import Provider
from d2t.rules import limits
from d2t.service.errors import one_line
from d2t.service.follow import Reason
from d2t.template import Copy, FromImage, RunCmd, SetEnvs, SetUser, SetWorkdir, Step, Template

BASE, FINALIZE = "base", "finalize"  # e2b-dev/infra, phases/phase.go
_LONGEST = 60


def failed_step(template: Template, plan: BuildPlan | None, reason: Reason | None, provider: Provider) -> Diagnostic:
    """The failure in the Dockerfile's terms.

    The service counts the steps from 1 (e2b-dev/infra, phases/steps/factory.go). `plan` tells the lines of FROM, CMD and
    ENTRYPOINT.
    """
    said = one_line(reason.message) if reason and reason.message else "the service does not say why"
    step = reason.step if reason else ""
    what: str = "the build"
    where: Origin | Span | None = None
    if step == BASE:
        base = template.base
        what = f"the base {base.image if isinstance(base, FromImage) else base.name}"
        where = plan.base_origin if plan else None
    elif step == FINALIZE:
        what, where = "the start or ready command", _start(plan)
    elif step.isascii() and step.isdigit() and 1 <= int(step) <= len(template.steps):
        failed = template.steps[int(step) - 1]
        what = f"step {step} of {len(template.steps)} ({_words(failed)})"
        where = _origin(plan, failed.line) or (Span(failed.line) if failed.line else None)
    elif step:
        what = f"step {one_line(step)}"
    return limits.step_failed(where, provider, what, said)


def _start(plan: BuildPlan | None) -> Origin | None:
    """Where the start command is said."""
    for step in reversed(plan.steps if plan else ()):
        if isinstance(step, ConfigStep) and isinstance(step.instruction, ins.Cmd | ins.Entrypoint):
            return step.origin
    return None


def _origin(plan: BuildPlan | None, line: int) -> Origin | None:
    """The instruction that begins on a line."""
    return next((step.origin for step in (plan.steps if plan else ()) if step.origin.line == line), None)


def _words(step: Step) -> str:
    match step:
        case RunCmd():
            text = f"RUN {step.command}"
        case SetEnvs():
            text = f"ENV {' '.join(name for name, _ in step.envs)}"
        case SetWorkdir():
            text = f"WORKDIR {step.path}"
        case SetUser():
            text = f"USER {step.user}"
        case Copy():
            text = f"COPY {step.src} {step.dest}"
    text = one_line(text)
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return text if step.line else f"{text}, which d2t added"
