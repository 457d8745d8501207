"""ADD of a local archive: uploaded to a temporary place, and unpacked by a command."""

from __future__ import annotations

import re
import shlex

from d2t.lower.copy import place
from d2t.lower.copy.match import Found, entry_of
from d2t.lower.copy.upload import STAGING, sendable
from d2t.lower.options import Context
from d2t.lower.state import Lowering
from d2t.plan.build import CopySource, CopyStep, RunStep
from d2t.plan.paths import clean
from d2t.rules import support
from d2t.template import Copy

_TOOLS = {"bzip2": "bzip2", "xz": "xz", "zstd": "zstd"}  # gzip is everywhere; these are not in slim images


def is_archive(step: CopyStep, context: Context, found: Found | None) -> bool:
    """Whether BuildKit unpacks what a source names."""
    wanted = step.keyword == "ADD" if step.unpack is None else step.unpack
    return wanted and found is not None and bool(entry_of(context, found.path).archive)


def unpack(state: Lowering, step: CopyStep, source: CopySource, found: Found, context: Context) -> None:
    """Translate one archive. Owners and modes are the archive's, as Docker keeps them; --chmod does not matter.

    --chown does not either before BuildKit 0.23 (moby/buildkit 46e52f4), and does from then on.
    """
    if step.owner:
        what, help = (
            "ADD --chown of an archive depends on the builder",
            "COPY the archive, and unpack it in a RUN that chowns",
        )
        state.report(support.copy_not_exact((step.origin, "--chown"), what, help))
        return
    if not sendable(state, step, source, found.path, context):
        return
    entry = entry_of(context, found.path)
    tool = _TOOLS.get(entry.archive, "")
    if tool and not any(
        isinstance(old, RunStep) and re.search(rf"\b{tool}", place.script(old)) for old in place.earlier(state, step)
    ):
        state.report(support.archive_needs_tool((step.origin, source.text), found.path, tool))
    name = found.path.rsplit("/", 1)[-1]
    staged, dest = f"{STAGING}/{name}", clean(step.dest)
    folder, file = shlex.quote(dest), shlex.quote(staged)
    state.copy(Copy(found.path, staged, "root:root", line=step.origin.line, why="an archive, which ADD unpacks"))
    # Docker takes ids, not names, and leaves the folder itself as it is
    unpacked = ["tar", "-xpf", staged, "--numeric-owner", "-C"]
    commands = [] if place.is_folder(state, step, dest) else [f"mkdir -p {folder}"]
    commands += [f"own=$(stat -c '%u:%g %a' {folder})"] if entry.archive_root else []
    commands.append(shlex.join([*unpacked, dest]))
    commands += [f'chown "${{own% *}}" {folder}', f'chmod "${{own#* }}" {folder}'] if entry.archive_root else []
    state.run_as_root(" && ".join([*commands, f"rm {file}"]), step.origin, "ADD unpacks it")
