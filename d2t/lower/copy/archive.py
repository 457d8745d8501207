"""ADD of a local archive: uploaded to a temporary place, and unpacked by a command."""

from __future__ import annotations

import shlex

from d2t.lower.copy.match import matches
from d2t.lower.state import Lowering
from d2t.plan.build import CopySource, CopyStep
from d2t.plan.paths import clean
from d2t.template import Copy


def is_archive(state: Lowering, step: CopyStep, source: CopySource) -> bool:
    """Whether ADD unpacks this source."""
    context = state.options.context
    if context is None or step.unpack is False:
        return False
    paths = matches(context, source.src)
    return len(paths) == 1 and paths[0] in context.entries and bool(context.entries[paths[0]].archive)


def unpack(state: Lowering, step: CopyStep, source: CopySource) -> None:
    """Translate one archive. Owners and modes are the archive's, as Docker keeps them."""
    assert state.options.context is not None
    (path,) = matches(state.options.context, source.src)
    name = path.rsplit("/", 1)[-1]
    place = f"/tmp/d2t/{name}"
    dest = shlex.quote(clean(step.dest))
    state.copy(Copy(path, place, "root:root", line=step.origin.line, why="ADD unpacks it"))
    command = f"mkdir -p {dest} && tar -xpf {shlex.quote(place)} -C {dest} && rm {shlex.quote(place)}"
    state.run_as_root(command, step.origin, "ADD unpacks it")
