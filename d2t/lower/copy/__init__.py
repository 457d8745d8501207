"""COPY and ADD: files of the context are uploaded, documents, URLs and what is in archives are put there by commands."""

from __future__ import annotations

from d2t.dockerfile.expand import symbols
from d2t.lower.copy import archive, document, owner, place, remote, upload
from d2t.lower.copy.match import follow, matches
from d2t.lower.profile import profile_files
from d2t.lower.state import Lowering
from d2t.plan.build import CopySource, CopyStep
from d2t.plan.paths import clean
from d2t.rules import behaviour, support


def lower_copy(state: Lowering, step: CopyStep) -> None:
    """Translate one COPY or ADD, or report each source that cannot be had."""
    texts = (
        step.dest,
        step.owner,
        step.mode,
        *(part for source in step.sources for part in (source.text, source.content)),
    )
    names = dict.fromkeys(name for text in texts for name in symbols(text))
    if names:
        listed = ", ".join(f"${name}" for name in names)
        state.report(behaviour.value_needs_base(step.origin, step.keyword, listed))
        return
    before = len(state.steps)
    for source in step.sources:
        _lower_source(state, step, source)
    _note_login_files(state, step)
    if len(state.steps) > before and step.mode and _makes_folders(state, step):
        state.report(support.chmod_of_folders((step.origin, "--chmod"), step.mode))


def _lower_source(state: Lowering, step: CopyStep, source: CopySource) -> None:
    where = (step.origin, source.text)
    match source.kind:
        case "document":
            document.write(state, step, source)
        case "stage":
            state.report(support.copy_from_stage((step.origin, "--from"), source.from_))
        case "image":
            state.report(support.copy_from_image((step.origin, "--from"), source.from_))
        case "context" if step.keyword == "COPY" and not state.provider["instructions.copy"]:
            state.report(support.copy_not_supported(where, state.provider))
        case kind if step.keyword == "ADD" and not state.provider["instructions.add"]:
            state.report(support.add_not_supported(where, state.provider, kind))
        case "context":
            _from_context(state, step, source)
        case "url":
            remote.fetch(state, step, source)
        case _:
            state.report(support.add_git_not_supported(where, source.text))


def _note_login_files(state: Lowering, step: CopyStep) -> None:
    """Login shells read some files, and every command of the service is one."""
    for source in step.sources:
        name = source.src.rstrip("/").rsplit("/", 1)[-1]
        paths = [
            f"{clean(step.dest)}/{name}" if step.dest.endswith(("/", "/.")) or len(step.sources) > 1 else step.dest
        ]
        if state.options.context is not None and source.kind == "context":
            folder = source.src.strip("/")
            inside = f"{folder}/" if folder not in ("", ".") else ""
            paths += [
                f"{clean(step.dest)}/{path[len(inside) :]}"
                for path in state.options.context.entries
                if path.startswith(inside)
            ]
        for file in (file for path in paths for file in profile_files(path)):
            state.report(behaviour.profile_edited((step.origin, step.dest), file, ""))
            state.profile_edited = file if state.provider["runtime.bash_login_shell"] else ""
            return


def _from_context(state: Lowering, step: CopyStep, source: CopySource) -> None:
    context = state.options.context
    if context is None:
        state.report(support.context_needed((step.origin, source.text), source.text))
        return
    owner.ensure(state, step)
    if step.keyword == "COPY":
        upload.copy(state, step, source, context)
        return
    found = matches(context, source.src)
    if found is None:
        upload.missing(state, step, source, source.src.strip("/"), context)
    for path in found or ():
        behind = follow(context, path)
        if behind is not None and archive.is_archive(step, context, behind):
            archive.unpack(state, step, source, behind, context)
        else:
            upload.place_one(state, step, source, path, context)


def _makes_folders(state: Lowering, step: CopyStep) -> bool:
    """Whether the destination, or a folder above it, may be new and get a mode that depends on the builder."""
    if not step.mode[:1].isdigit() or int(step.mode, 8) == 0o755:
        return False
    folder = clean(step.dest) if step.dest.endswith(("/", "/.")) else clean(f"{step.dest}/..")
    return not place.is_folder(state, step, folder)
