"""Files of the build context: COPY steps that leave Docker's files, each with a literal name and an explicit owner.

The service unpacks an archive that the SDK makes and moves one entry to its place (e2b-dev/infra, commands/copy.go and
its script): a file to the exact path, or into a folder that ends in `/` or exists; a folder's contents into the path.
"""

from __future__ import annotations

import re
import shlex
from fnmatch import fnmatchcase

from d2t.lower.copy import owner
from d2t.lower.copy.match import is_wild, matches
from d2t.lower.options import Context, Entry
from d2t.lower.state import Lowering
from d2t.lower.workdir import quoted
from d2t.plan.build import CopySource, CopyStep
from d2t.plan.paths import clean
from d2t.rules import support
from d2t.template import Copy

_GLOB = re.compile(r"[*?\[\]{}!\\|@+()$`\"]")  # the SDK globs names, and the service pastes them into a script
_LINKS = 40


def copy(state: Lowering, step: CopyStep, source: CopySource, several: bool) -> None:
    """Translate one source of the context."""
    context = state.options.context
    where = (step.origin, source.text)
    if context is None:
        state.report(support.context_needed(where, source.text))
        return
    pattern = source.text if step.parents else source.src
    pivot, found, tail = pattern.partition("/./")
    if step.parents and found:
        pattern = f"{pivot}/{tail}"
    paths = matches(context, clean(f"/{pattern}"))
    if not paths:
        if not is_wild(pattern):
            state.report(support.copy_source_missing(where, source.text, clean(f"/{pattern}")[1:] in context.ignored))
        return
    several = several or len(paths) > 1
    for path in paths:
        if any(_excluded(path, pattern) for pattern in step.excludes):
            continue
        real = _resolved(context, path)
        if real is None:
            state.report(support.copy_source_missing(where, path, False))
            return
        if not _fits(state, step, context, path, real):
            return
        base = clean(f"/{pivot}")[1:] if found else ""
        _one(state, step, context, path, real, several, path.removeprefix(f"{base}/") if base else path)


def _one(state: Lowering, step: CopyStep, context: Context, path: str, real: str, several: bool, below: str) -> None:
    entry = context.entries.get(real, Entry("dir"))
    dest = step.dest
    if step.parents and "/" in below:
        dest = f"{dest.rstrip('/')}/{below.rsplit('/', 1)[0]}/"
    elif several and not dest.endswith("/"):
        dest += "/"
    name = path.rsplit("/", 1)[-1]
    if entry.type == "dir":
        if step.parents:
            dest = f"{step.dest.rstrip('/')}/{below}"
    elif real != path and dest.endswith("/"):
        dest += name  # a link's own name, its target's content
    user, group = owner.names(state, step)
    folder = dest if entry.type == "dir" or dest.endswith("/") else dest.rsplit("/", 1)[0]
    if made := owner.parents(state, step, clean(folder)):
        state.run_as_root(made, step.origin, "folders that COPY makes belong to --chown's user")
    mode = int(step.mode, 8) if step.mode[:1] == "0" else None
    late = bool(step.mode) and mode is None
    if entry.type == "dir" and (late or not group):
        what = f"--chmod={step.mode}" if late else f"--chown={step.owner}"
        help = "use octal modes, and name user and group, for a folder"
        state.report(support.copy_not_exact((step.origin, what), f"{what} of a folder cannot be kept exactly", help))
        return
    shown = f"{user}:{group}" if group else "root:root"
    state.copy(Copy(real or ".", quoted(dest), shown, mode, line=step.origin.line))
    file = shlex.quote(clean(f"{dest}/{name}") if dest.endswith("/") else dest)
    if not group:
        state.run_as_root(f"chown {owner.words(user, group)} {file}", step.origin, f"the group is {user}'s own")
    if late:
        state.run_as_root(f"chmod {shlex.quote(step.mode)} {file}", step.origin, f"--chmod={step.mode}")


def _fits(state: Lowering, step: CopyStep, context: Context, path: str, real: str) -> bool:
    """Report what the SDK or the service would do otherwise with this entry."""
    where = (step.origin, path)
    is_folder = real == "" or context.entries.get(real, Entry("dir")).type == "dir"
    if _GLOB.search(real):
        message = f"the name {path} holds characters that the SDK takes for a pattern"
        state.report(support.copy_not_exact(where, message, "rename the file"))
        return False
    if is_folder and step.excludes:
        message = f"--exclude inside the folder {path or '.'} has no counterpart"
        state.report(support.copy_not_exact((step.origin, "--exclude"), message, "list the pattern in .dockerignore"))
        return False
    if is_folder and context.other_ignore_file:
        message = "the SDK reads .dockerignore only, not the ignore file beside the Dockerfile"
        state.report(support.copy_not_exact(where, message, "rename it to .dockerignore"))
        return False
    return True


def _excluded(path: str, pattern: str) -> bool:
    pattern = pattern.strip("/")
    parts = path.split("/")
    return any(fnmatchcase("/".join(parts[:count]), pattern) for count in range(1, len(parts) + 1)) or (
        pattern.startswith("**/") and fnmatchcase(parts[-1], pattern[3:])
    )


def _resolved(context: Context, path: str) -> str | None:
    """The path behind a named link, as BuildKit follows it inside the context; None where it leads nowhere."""
    for _ in range(_LINKS):
        entry = context.entries.get(path)
        if entry is None:
            return path if path == "" or any(other.startswith(f"{path}/") for other in context.entries) else None
        if entry.type != "link":
            return path
        folder = path.rsplit("/", 1)[0] if "/" in path else ""
        path = clean(entry.target if entry.target.startswith("/") else f"/{folder}/{entry.target}")[1:]
    return None
