"""COPY and ADD: files of the context are uploaded, documents and URLs become commands."""

from __future__ import annotations

from d2t.dockerfile.expand import symbols
from d2t.lower.copy import archive, document, remote, upload
from d2t.lower.state import Lowering
from d2t.plan.build import CopyStep
from d2t.rules import behaviour, support


def lower_copy(state: Lowering, step: CopyStep) -> None:
    """Translate one COPY or ADD, or report each source that cannot be had."""
    for text in (step.dest, step.owner, *(part for source in step.sources for part in (source.text, source.content))):
        if names := symbols(text):
            listed = ", ".join(f"${name}" for name in names)
            state.report(behaviour.value_needs_base(step.origin, step.keyword, listed))
            return
    several = len(step.sources) > 1
    for source in step.sources:
        where = (step.origin, source.text)
        match source.kind:
            case "document":
                document.write(state, step, source)
            case "stage":
                state.report(support.copy_from_stage((step.origin, "--from"), source.from_))
            case "image":
                state.report(support.copy_from_image((step.origin, "--from"), source.from_))
            case "context" if not state.provider["instructions.copy"]:
                if step.keyword == "ADD":
                    state.report(support.add_not_supported(where, state.provider, False))
                else:
                    state.report(support.copy_not_supported(where, state.provider))
            case "context" if step.keyword == "ADD" and archive.is_archive(state, step, source):
                archive.unpack(state, step, source)
            case "context":
                upload.copy(state, step, source, several)
            case _ if not state.provider["instructions.add"]:
                state.report(support.add_not_supported(where, state.provider, True))
            case "url":
                remote.fetch(state, step, source, several)
            case _:
                state.report(support.add_git_not_supported(where, source.text))
