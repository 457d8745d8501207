"""Files of the build context: COPY steps that leave Docker's files, each with a literal name and an explicit owner.

The service unpacks an archive that the SDK makes and moves one entry to its place (e2b-dev/infra, commands/copy.go and
its script): a file to the exact path, or into a folder that ends in `/` or exists; a folder's contents into the path.
That is what Docker does, too, but for links and folders that are already there, and for files that lose bits by chown.
"""

from __future__ import annotations

import shlex

from d2t.dockerfile.port import PatternMatcher
from d2t.lower.copy import metadata, owner, place, tree
from d2t.lower.copy.match import Found, entry_of, follow, is_wild, matches
from d2t.lower.options import Context
from d2t.lower.state import Lowering
from d2t.lower.workdir import quoted
from d2t.patterns import deferred
from d2t.plan import paths
from d2t.plan.build import CopySource, CopyStep
from d2t.plan.paths import clean
from d2t.rules import support
from d2t.template import Copy

STAGING = "/tmp/d2t"  # emptied when the machine is started afresh
MAX_PIECES = 40  # more steps than that for one source: nobody would want to read them
# what the SDK's glob, the service's pattern splitter and the script that names are pasted into take for something else
_UNSAFE = deferred(r"[*?\[{\\$`\"\n]|^-")


def copy(state: Lowering, step: CopyStep, source: CopySource, context: Context) -> None:
    """Translate one source of the context."""
    if step.parents:
        _with_parents(state, step, source, context)
        return
    found = matches(context, source.src)
    if found is None:
        missing(state, step, source, source.src.strip("/"), context)
        return
    for path in found:
        place_one(state, step, source, path, context)


def missing(state: Lowering, step: CopyStep, source: CopySource, path: str, context: Context) -> None:
    parts = path.split("/")
    ignored = any("/".join(parts[: count + 1]) in context.ignored for count in range(len(parts)))
    state.report(support.copy_source_missing((step.origin, source.text), source.text, ignored))


def place_one(state: Lowering, step: CopyStep, source: CopySource, path: str, context: Context) -> None:
    """Translate one path that a source names."""
    found = follow(context, path)
    if found is None:
        missing(state, step, source, path, context)
        return
    entry = entry_of(context, found.path)
    if entry.type == "dir":
        _folder(state, step, source, found.path, context)
    elif entry.type == "file":
        _file(state, step, source, path, found, context)
    else:
        refuse(state, step, source, f"{path} is neither a file nor a folder", "leave it out with .dockerignore")


def refuse(state: Lowering, step: CopyStep, source: CopySource, what: str, help: str) -> None:
    state.report(support.copy_not_exact((step.origin, source.text), what, help))


def sendable(state: Lowering, step: CopyStep, source: CopySource, path: str, context: Context) -> bool:
    """Report a name that cannot go through the SDK and the service as it is."""
    if _UNSAFE.search(path) or not _is_text(path):
        message = f"the name {shlex.quote(path)} cannot be sent by itself: the SDK or the service would read it as a pattern or an option"
        refuse(state, step, source, message, "rename it, or copy the folder that it is in")
        return False
    if path in context.differs:
        message = f"the SDK leaves out {path}: it reads .dockerignore, not the ignore file beside the Dockerfile"
        refuse(state, step, source, message, "make both files agree on it")
        return False
    return True


def _is_text(path: str) -> bool:
    """Whether a name of the file system is UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _file(
    state: Lowering, step: CopyStep, source: CopySource, path: str, found: Found, context: Context, dest: str = ""
) -> None:
    """One file. `path` is its name to Docker, which may be a link to it; `dest` is a destination of its own."""
    name = path.rsplit("/", 1)[-1]
    dest = _slashed(dest or step.dest)
    src, resolve = found.path, False
    if src.rsplit("/", 1)[-1] != name:
        folder = follow(context, path.rpartition("/")[0])
        if found.contained and folder is not None:
            src, resolve = f"{folder.path}/{name}".lstrip("/"), True
        elif place.is_folder(state, step, clean(dest)) or dest.endswith("/"):
            dest = clean(f"{dest}/{name}")
    if step.excludes and not step.parents and PatternMatcher(list(step.excludes)).matches(name):
        message = f"--exclude names {path}: builders do not agree on a file that is a source itself"
        refuse(state, step, source, message, "leave it out of the sources, or copy its folder")
        return
    if not sendable(state, step, source, src, context):
        return
    own = entry_of(context, found.path).mode
    mode = owner.mode(step, own)
    owner.make_parents(state, step, clean(dest if dest.endswith("/") else paths.clean(f"{dest}/..")))
    target = dest
    if linked := not dest.endswith("/") and place.may_be_link(state, step, dest):
        target = f"{STAGING}/{name}"
    # chown takes the setuid and setgid bits away
    sent = mode if step.mode or mode & 0o6000 else None
    state.copy(Copy(src, quoted(target), quoted(owner.word(step)), sent, resolve, step.origin.line))
    if linked:
        state.run_as_root(_follow_link(state, step, target, name), step.origin, f"Docker writes to where {dest} leads")


def _follow_link(state: Lowering, step: CopyStep, staged: str, name: str) -> str:
    file = shlex.quote(staged)
    return (
        f"{place.make_folder(state, step, step.dest)}f=$(readlink -f {shlex.quote(step.dest)}) && "
        f'if [ -d "$f" ]; then f="$f"/{shlex.quote(name)}; fi && mv -f {file} "$f"'
    )


def _folder(state: Lowering, step: CopyStep, source: CopySource, folder: str, context: Context) -> None:
    """The contents of one folder."""
    if step.excludes:
        matcher = PatternMatcher(list(step.excludes))
        _partly(
            state, step, source, folder, context, tree.pieces(context, folder, lambda path: not matcher.matches(path))
        )
        return
    if not tree.uploads_whole(context, folder):
        _partly(
            state, step, source, folder, context, tree.pieces(context, folder, lambda path: path not in context.ignored)
        )
        return
    if folder and not sendable(state, step, source, folder, context):
        return
    if _whole(state, step, source, folder, step.dest, context):
        metadata.settle(state, step, metadata.of_folder(state, step, context, folder, clean(step.dest)))


def _whole(state: Lowering, step: CopyStep, source: CopySource, folder: str, dest: str, context: Context) -> bool:
    """Upload a folder as one; returns whether that was possible."""
    base = f"{folder}/" if folder else ""
    for path in tree.below(context, folder):
        if context.entries[base + path].type == "other":
            refuse(
                state, step, source, f"{base}{path} is neither a file nor a folder", "leave it out with .dockerignore"
            )
            return False
        if not _is_text(path):
            refuse(
                state, step, source, f"the SDK cannot send the name {base + path!a}: it is not UTF-8", "rename the file"
            )
            return False
    if step.mode and not step.mode[0].isdigit():
        message = f"--chmod={step.mode} of a folder depends on each file's own mode"
        state.report(support.copy_not_exact((step.origin, step.mode), message, "use an octal mode, or RUN chmod -R"))
        return False
    owner.make_parents(state, step, clean(dest))
    mode = owner.mode(step, 0) if step.mode else None
    state.copy(Copy(folder or ".", quoted(_slashed(dest)), quoted(owner.word(step)), mode, line=step.origin.line))
    return True


def _with_parents(state: Lowering, step: CopyStep, source: CopySource, context: Context) -> None:
    """--parents: everything below the pivot that the pattern matches, with the folders in front of it."""
    pivot, found, pattern = source.text.partition("/./")
    if not found:
        pivot, pattern = "", source.text
    pattern = clean(f"/{pattern}")[1:]
    start = follow(context, clean(f"/{pivot}"))
    if start is None or entry_of(context, start.path).type != "dir":
        missing(state, step, source, clean(f"/{pivot}")[1:], context)
        return
    if not is_wild(pivot) and not is_wild(pattern) and follow(context, f"{start.path}/{pattern}", last=False) is None:
        missing(state, step, source, f"{start.path}/{pattern}".strip("/"), context)
        return
    try:
        wanted, excluded = PatternMatcher([pattern or "**"]), PatternMatcher(list(step.excludes))
    except ValueError:
        refuse(state, step, source, f"{pattern} is no valid pattern", "correct the brackets in it")
        return
    taken = tree.pieces(context, start.path, lambda path: wanted.matches(path) and not excluded.matches(path))
    _partly(state, step, source, start.path, context, taken)


def _partly(
    state: Lowering, step: CopyStep, source: CopySource, folder: str, context: Context, taken: list[tree.Piece]
) -> None:
    """Some of a folder's contents, piece by piece."""
    if sum(piece.whole for piece in taken) > MAX_PIECES:
        message = f"{source.text} would take more than {MAX_PIECES} steps: what is left out is scattered"
        refuse(state, step, source, message, "list what is left out in .dockerignore, or copy from a folder without it")
        return
    dest = clean(step.dest)
    base = f"{folder}/" if folder else ""
    if not taken:
        owner.make_parents(state, step, dest)
        if not place.is_folder(state, step, dest):
            state.run_as_root(f"mkdir -p {shlex.quote(dest)}", step.origin, "nothing of the source is left to copy")
        return
    settled = metadata.Folders()
    for piece in taken:
        path, target = base + piece.path, clean(f"{dest}/{piece.path}")
        entry = context.entries[path]
        if entry.type == "dir":
            _made(state, step, settled, target, owner.mode(step, entry.mode, is_dir=True))
            if piece.whole:
                if not sendable(state, step, source, path, context) or not _whole(
                    state, step, source, path, target, context
                ):
                    return
                settled.join(metadata.of_folder(state, step, context, path, target))
        elif entry.type == "link":
            if not sendable(state, step, source, path, context):
                return
            owner.make_parents(state, step, target.rsplit("/", 1)[0])
            state.copy(Copy(path, quoted(target), quoted(owner.word(step)), line=step.origin.line))
        else:
            _file(state, step, source, path, Found(path, True), context, target)
    metadata.settle(state, step, settled)


def _made(state: Lowering, step: CopyStep, settled: metadata.Folders, target: str, mode: int) -> None:
    """A folder of which the service knows only the name: it makes it with mode 755."""
    if step.parents:  # Docker gives an existing one the mode, and leaves it its owner
        if mode != 0o755 or (place.may_exist(state, step, target) and place.may_differ(state, step, target)):
            settled.modes[target] = mode
        return
    settled.add(state, step, target, mode)
    if target not in settled.kept and mode != 0o755:
        settled.modes[target] = mode


def _slashed(dest: str) -> str:
    """The destination in the service's words: a slash at the end says that it is a folder."""
    return f"{dest[:-2]}/" if dest.endswith("/.") else dest
