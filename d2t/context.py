"""The build context: what COPY and ADD can see, after `.dockerignore`. Reads the file system, and only looks at it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from d2t.dockerfile.port import PatternMatcher
from d2t.lower.options import Context, Entry

_MAGIC = {  # what BuildKit unpacks, by content: moby/buildkit, util/archive
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_TAR = (257, b"ustar")


class ContextError(ValueError):
    """The context cannot be read; the message says why in one line."""


def scan(root: str, dockerfile: str = "") -> Context:
    """List a build context. Links are never followed.

    `dockerfile` is the Dockerfile's path: a `NAME.dockerignore` beside it stands in for the context's `.dockerignore`.

    Raises ContextError for a folder that cannot be read, and for a pattern that is none.
    """
    if not os.path.isdir(root):
        raise ContextError(f"the build context {root} is not a folder")
    own = f"{dockerfile}.dockerignore" if dockerfile else ""
    other = bool(own) and os.path.isfile(own)
    patterns = _patterns(own if other else os.path.join(root, ".dockerignore"))
    try:
        matcher = PatternMatcher(patterns)
    except ValueError as error:
        raise ContextError(f".dockerignore: {error}") from None
    entries: dict[str, Entry] = {}
    ignored: list[str] = []
    for path, found in _walk(root, "", matcher, ignored):
        entries[path] = found
    return Context(root, entries, frozenset(ignored), other)


def _patterns(path: str) -> list[str]:
    """The patterns of an ignore file, cleaned as github.com/moby/patternmatcher/ignorefile does."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = [line.strip() for line in file if not line.startswith("#")]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ContextError(f"cannot read {path}: {error}") from None
    patterns = []
    for line in lines:
        if not line:
            continue
        negated = line.startswith("!")
        text = os.path.normpath(line[negated:].strip()).replace(os.sep, "/")
        patterns.append(("!" if negated else "") + (text.lstrip("/") or "."))
    return patterns


def _walk(root: str, folder: str, matcher: PatternMatcher, ignored: list[str]) -> Iterator[tuple[str, Entry]]:
    try:
        with os.scandir(os.path.join(root, folder)) as found:
            names = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise ContextError(f"cannot read {error.filename}: {(error.strerror or '').lower()}") from None
    for name in names:
        path = f"{folder}/{name.name}" if folder else name.name
        left_out = matcher.matches(path)
        if left_out:
            ignored.append(path)
        is_folder = name.is_dir(follow_symlinks=False)
        if not left_out:
            yield path, _entry(name)
        if is_folder and (not left_out or matcher.may_match_under(path)):
            yield from _walk(root, path, matcher, ignored)


def _entry(found: os.DirEntry[str]) -> Entry:
    status = found.stat(follow_symlinks=False)
    mode = stat.S_IMODE(status.st_mode)
    if found.is_symlink():
        return Entry("link", target=os.readlink(found.path), mode=mode)
    if stat.S_ISDIR(status.st_mode):
        return Entry("dir", mode=mode)
    if stat.S_ISREG(status.st_mode):
        return Entry("file", size=status.st_size, mode=mode, archive=_archive(found.path, found.name))
    return Entry("other", mode=mode)


def _archive(path: str, name: str) -> str:
    """How a file is packed, "" for no archive. Only files that are named like archives are looked into."""
    if not any(part in name.lower() for part in (".tar", ".tgz", ".tbz", ".txz", ".tzst")):
        return ""
    try:
        with open(path, "rb") as file:
            head = file.read(_TAR[0] + len(_TAR[1]))
    except OSError:
        return ""
    if head[_TAR[0] :] == _TAR[1]:
        return "tar"
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")
