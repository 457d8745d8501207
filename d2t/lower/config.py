"""Instructions that only set the image config: each is translated elsewhere, or named in a finding."""

from __future__ import annotations

from d2t.diagnostics import Diagnostic, Severity
from d2t.dockerfile import instructions as ins
from d2t.dockerfile.expand import shown
from d2t.lower.state import Lowering
from d2t.patterns import deferred
from d2t.plan.build import ArgStep, ConfigStep, EnvStep
from d2t.rules import behaviour, support

_SECRET = deferred(
    r"(?i)(?:^|_)(?:password|passwd|pwd|secret|token|api_?key|access_?key|private_?key|credentials?)(?:$|_)"
)
_NOT_SECRET = deferred(r"(?i)_(?:file|path|dir|url|name|id|ttl|expiry|length|type|enabled)$|^(?:pwd|oldpwd)$")


def lower_config(state: Lowering, step: ConfigStep) -> None:
    """Report what has no counterpart in a template."""
    origin = step.origin
    match step.instruction:
        case ins.Expose():
            if state.provider["instructions.expose"]:
                state.report(behaviour.expose_not_needed(origin, " ".join(step.instruction.ports)))
            else:
                for word in step.instruction.ports:
                    _unless_allowed(state, "expose", support.expose_not_supported((origin, word), state.provider, word))
        case ins.Volume():
            for path in step.values:
                state.volumes.append(path)
                if state.provider["instructions.volume"]:
                    state.report(behaviour.volume_is_a_folder((origin, path), shown(path)))
                else:
                    refusal = support.volume_not_supported((origin, path), state.provider, shown(path))
                    _unless_allowed(state, "volume", refusal)
        case ins.Label():
            state.report(behaviour.label_dropped(origin))
        case ins.Stopsignal(signal=signal):
            state.report(behaviour.stopsignal_dropped((origin, signal), shown(step.values[0])))
        case ins.Maintainer():
            state.report(behaviour.maintainer_dropped(origin))
        case ins.Onbuild(expression=expression):
            if state.plan.image.onbuild and expression in state.plan.image.onbuild:
                state.report(behaviour.onbuild_dropped(origin, expression.split("\n")[0][:60]))
        case ins.Cmd() | ins.Entrypoint() | ins.Shell() | ins.Healthcheck():
            pass  # start.py, run.py, ready.py
        case other:
            raise AssertionError(f"no translation for {type(other).__name__}")


def _unless_allowed(state: Lowering, what: str, finding: Diagnostic) -> None:
    state.report(finding.at(Severity.WARNING) if what in state.options.allow else finding)


def look_for_secrets(state: Lowering, step: EnvStep | ArgStep) -> None:
    """Warn of values that look like secrets: they would be stored in the template."""
    keyword = "ENV" if isinstance(step, EnvStep) else "ARG"
    for name, value in step.values:
        if value and not value.startswith("/") and _SECRET.search(name) and not _NOT_SECRET.search(name):  # not a path
            state.report(behaviour.secret_in_value((step.origin, name), keyword, name))
