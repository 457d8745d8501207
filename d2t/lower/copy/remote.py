"""ADD of a URL: fetched by a command, with Docker's name, mode and owner."""

from __future__ import annotations

import shlex

from d2t.lower.copy import owner
from d2t.lower.copy.document import target
from d2t.lower.state import Lowering
from d2t.plan.build import CopySource, CopyStep
from d2t.plan.copying import url_name
from d2t.rules import support

_MODE = "600"  # Dockerfile reference, ADD: what it fetches has mode 600
_SUMS = {"sha256": "sha256sum", "sha384": "sha384sum", "sha512": "sha512sum"}


def fetch(state: Lowering, step: CopyStep, source: CopySource, several: bool) -> None:
    """Translate one URL."""
    if step.unpack:
        state.report(
            support.copy_not_exact(step.origin, "ADD --unpack of a URL is not supported", "use RUN curl … | tar -x")
        )
        return
    path = clean_target(state, step, source, several)
    file, folder = shlex.quote(path), shlex.quote(path.rsplit("/", 1)[0] or "/")
    commands = [f"mkdir -p {folder}", f"curl -fsSL -o {file} {shlex.quote(source.text)}"]
    if step.checksum:
        algorithm, _, digest = step.checksum.partition(":")
        if algorithm not in _SUMS:
            state.report(
                support.copy_not_exact(step.origin, f"--checksum={step.checksum} cannot be checked", "use sha256:")
            )
            return
        commands.append(f"echo {shlex.quote(f'{digest}  {path}')} | {_SUMS[algorithm]} -c -")
    commands.append(f"chmod {shlex.quote(step.mode.lstrip('0') or _MODE) if step.mode else _MODE} {file}")
    user, group = owner.names(state, step)
    if user != "root":
        commands.append(f"chown {owner.words(user, group)} {file}")
        if made := owner.parents(state, step, path.rsplit("/", 1)[0]):
            state.run_as_root(made, step.origin, "folders that ADD makes belong to --chown's user")
    state.run_as_root(" && ".join(commands), step.origin, "ADD of a URL")


def clean_target(state: Lowering, step: CopyStep, source: CopySource, several: bool) -> str:
    name = url_name(source.text)
    if several and not step.dest.endswith("/"):
        return f"{step.dest}/{name}"
    return target(state, step, name)
