"""WORKDIR: made by the service, with Docker's owner; again after a step that may have removed it."""

from __future__ import annotations

import re
import shlex

from d2t.dockerfile.expand import shown, symbols
from d2t.dockerfile.source import Origin
from d2t.lower.state import ROOT, Lowering
from d2t.patterns import deferred
from d2t.plan.build import CopyStep, RunStep, WorkdirStep
from d2t.plan.paths import clean
from d2t.rules import behaviour

_SPECIAL = deferred(r'([\\"$`])')
_REMOVES = deferred(r"\b(?:rm|rmdir|mv|unlink|find)\b")


def quoted(path: str) -> str:
    """A path as the service needs it: it pastes the path between double quotes (commands/workdir.go)."""
    return _SPECIAL.sub(r"\\\1", path)


def lower_workdir(state: Lowering, step: WorkdirStep) -> None:
    """Translate WORKDIR. The service gives what it creates to the context's user, and to the group of the same name."""
    if names := symbols(step.path):
        state.report(behaviour.value_needs_base(step.origin, "WORKDIR", ", ".join(f"${name}" for name in names)))
        return
    if step.relative:
        note_unknown_folder(state, step)
    else:
        state.folder_known = True
    path = clean(step.path)
    identity = state.identity
    if (not identity.is_root and not identity.own_group) or identity.prefix:
        owner, group = identity.prefix if identity.prefix else (identity.name, "")
        state.run_as_root(make_folder(path, owner, group), step.origin, f"made for the user {owner}, as Docker does")
    state.set_workdir(quoted(path), step.origin)


def note_unknown_folder(state: Lowering, step: CopyStep | WorkdirStep) -> None:
    """Warn of a relative path where the base image's WORKDIR is not known."""
    if not state.folder_known:
        path = step.path if isinstance(step, WorkdirStep) else step.dest
        state.report(behaviour.base_folder_unknown(step.origin, state.plan.base_name, shown(path)))


def make_folder(path: str, owner: str, group: str) -> str:
    """Make the missing folders of a path and give only these to the user."""
    target = shlex.quote(path)
    owner = shlex.quote(owner)
    group = shlex.quote(group) if group else f"$(id -g {owner} 2>/dev/null || echo 0)"
    return (
        f'd={target}; new=; while [ ! -d "$d" ]; do new="$d"; d="$(dirname "$d")"; done; '
        f'[ -z "$new" ] || {{ mkdir -p {target} && chown -R {owner}:{group} "$new"; }}'
    )


def ensure_workdir(state: Lowering, path: str, origin: Origin | None) -> None:
    """The working directory that Docker's next command has, where no WORKDIR said so yet."""
    if not state.context_workdir:
        state.set_workdir(quoted(clean(path)), None)


def after_run(state: Lowering, step: RunStep) -> None:
    """Docker makes a working directory again that a RUN removed; the service's next step would fail."""
    path = state.context_workdir
    if not path or path == "/":
        return
    text = " ".join(step.argv)
    if _REMOVES.search(text) and _mentions(text, path):
        user = state.context_user
        state.set_workdir(path, None, "the step before may have removed it", again=True)
        assert user in (state.context_user, ROOT)


def _mentions(text: str, path: str) -> bool:
    """Whether a text names the folder or one that holds it."""
    parts = path.strip("/").split("/")
    return any(
        re.search(rf"(?<![\w.-])/{re.escape('/'.join(parts[: n + 1]))}(?![\w.-])", text) for n in range(len(parts))
    ) or bool(re.search(r"\.\./|\$\(pwd\)|\$PWD|\$\{PWD", text))
