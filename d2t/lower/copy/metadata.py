"""Owners and modes that the service's copy step leaves other than Docker does: set by one command after it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from d2t.lower.copy import owner, place, tree
from d2t.lower.options import Context
from d2t.lower.state import Lowering
from d2t.plan.build import CopyStep

_MAX_BYTES = 60_000  # of one command


@dataclass(slots=True)
class Folders:
    """Absolute paths and the mode that Docker gives each."""

    kept: dict[str, int] = field(default_factory=dict)  # they may exist: the service leaves owner and mode as they are
    modes: dict[str, int] = field(default_factory=dict)  # their owner is right, their mode is not

    def join(self, other: Folders) -> None:
        self.kept |= other.kept
        self.modes |= other.modes

    def add(self, state: Lowering, step: CopyStep, target: str, mode: int) -> bool:
        """Note a folder that may exist and be otherwise than Docker leaves it."""
        odd = mode != 0o755 or not owner.is_root(step)
        found = place.may_exist(state, step, target)
        if found and (odd or place.may_differ(state, step, target)):
            self.kept[target] = mode
        return found


def of_folder(state: Lowering, step: CopyStep, context: Context, folder: str, dest: str) -> Folders:
    """What is left to be set after a folder was uploaded as one."""
    found = Folders()
    base = f"{folder}/" if folder else ""
    exists: dict[str, bool] = {}
    for path in tree.below(context, folder):
        entry = context.entries[base + path]
        if entry.type not in ("file", "dir"):
            continue
        target = f"{dest.rstrip('/')}/{path}"
        if entry.type == "file":
            if entry.mode & 0o6000 and not step.mode:
                found.modes[target] = entry.mode  # chown took these bits away
            continue
        mode = owner.mode(step, entry.mode, is_dir=True)
        parent = target.rsplit("/", 1)[0] or "/"
        # what lies in a new folder is new; what lies in one that may exist may be there, too
        exists[target] = exists.get(parent, True) and found.add(state, step, target, mode)
        if target not in found.kept and base + path in context.ignored and mode != 0o755 and not step.mode:
            found.modes[target] = mode  # the SDK sends no entry for a folder that an ignore file names
    return found


def settle(state: Lowering, step: CopyStep, found: Folders) -> None:
    """Add the commands, if any are needed."""
    modes = {path: mode for path, mode in found.modes.items() if path not in found.kept} | found.kept
    by_mode: dict[int, list[str]] = {}
    for path, mode in modes.items():
        by_mode.setdefault(mode, []).append(path)
    commands = _commands(["chown", owner.word(step)], list(found.kept))
    for mode, targets in sorted(by_mode.items()):
        commands += _commands(["chmod", f"{mode:o}"], targets)
    batch: list[str] = []
    for command in [*commands, ""]:
        if batch and (not command or sum(map(len, batch)) + len(command) > _MAX_BYTES):
            why = "as in the context, also where the folder exists" if found.kept else "as in the context"
            state.run_as_root(" && ".join(batch), step.origin, why)
            batch = []
        batch.append(command)


def _commands(head: list[str], targets: list[str]) -> list[str]:
    found: list[str] = []
    batch: list[str] = []
    for path in targets:
        if sum(map(len, batch)) + len(path) > _MAX_BYTES // 2:
            found.append(shlex.join([*head, *batch]))
            batch = []
        batch.append(path)
    return [*found, shlex.join([*head, *batch])] if batch else found
