"""EXPOSE, where the provider refuses it, as what it means to a template: a hint for readiness."""

from __future__ import annotations

from d2t.diagnostics import Diagnostic, Edit
from d2t.dockerfile import hints
from d2t.dockerfile import instructions as ins
from d2t.lint.fixes.situation import Document, Fix, Situation, fixes, whole
from d2t.plan.build import ConfigStep


@fixes("D2T203")
def expose(item: Diagnostic, situation: Situation) -> Fix | None:
    """`EXPOSE 8080` → `# d2t: ready=port:8080`, where it is the only port, something is started and nothing else says when
    that is ready.
    """
    plan = situation.plan
    steps = [step for step in plan.steps if isinstance(step, ConfigStep) and isinstance(step.instruction, ins.Expose)]
    said = hints.read(situation.gathered.dockerfile.comments)
    options = situation.ask.options
    if len(steps) != 1 or "ready" in said.values or plan.image.healthcheck or options.ready or options.compose_test:
        return None
    step = steps[0]
    ports = plan.image.exposed_ports or ()
    port, _, protocol = ports[0].partition("/") if len(ports) == 1 else ("", "", "")
    starts = plan.image.cmd or plan.image.entrypoint or said.text("start") or options.start
    if not port or port == "0" or protocol != "tcp" or not starts or step.origin.line != item.line:
        return None

    def intended(document: Document, now: Document) -> None:
        document["image"]["exposed_ports"] = None

    return Fix((Edit(whole(step.origin), f"# d2t: ready=port:{port}"),), intended)
