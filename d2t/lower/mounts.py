"""RUN --mount: cache and tmpfs become an empty folder for the step; other kinds have no counterpart."""

from __future__ import annotations

import shlex

from d2t.dockerfile.expand import symbols
from d2t.lower.state import Lowering
from d2t.plan.build import Mount, RunStep
from d2t.rules import behaviour, support

_KEPT = ".d2t-kept"


def _emulated(step: RunStep) -> list[Mount]:
    return [mount for mount in step.mounts if mount.type in ("cache", "tmpfs")]


def supported(state: Lowering, step: RunStep) -> bool:
    """Report what cannot be mounted; False when something cannot."""
    fine = True
    for mount in step.mounts:
        if mount.type in ("cache", "tmpfs") and not mount.from_:
            if names := symbols(mount.target):
                listed = ", ".join(f"${name}" for name in names)
                state.report(behaviour.value_needs_base((step.origin, "--mount"), "RUN --mount", listed))
                fine = False
                continue
            state.report(behaviour.mount_emulated((step.origin, "--mount"), mount.type, mount.target))
        elif mount.target != "/dev/pipes/":
            state.report(support.mount_not_supported((step.origin, "--mount"), mount.type))
            fine = False
    return fine


def before(state: Lowering, step: RunStep) -> None:
    """Put what the image has at the mount's place aside, and an empty folder there."""
    for mount in _emulated(step):
        path, kept = shlex.quote(mount.target.rstrip("/")), shlex.quote(mount.target.rstrip("/") + _KEPT)
        command = f"[ ! -e {path} ] || mv {path} {kept}; mkdir -p {path}"
        if mount.type == "tmpfs" or not state.identity.is_root:
            command += f" && chmod 1777 {path}"
        state.run_as_root(command, step.origin, f"an empty folder for the step, as --mount=type={mount.type} gives")


def after(state: Lowering, step: RunStep) -> None:
    """Take the folder away again: what a mount holds is no part of Docker's image."""
    for mount in reversed(_emulated(step)):
        path, kept = shlex.quote(mount.target.rstrip("/")), shlex.quote(mount.target.rstrip("/") + _KEPT)
        state.run_as_root(
            f"rm -rf {path}; [ ! -e {kept} ] || mv {kept} {path}", step.origin, "the mount is not part of the image"
        )
