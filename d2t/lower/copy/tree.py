"""A folder of which COPY takes only a part: the largest pieces that can be sent whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from d2t.lower.options import Context


class Piece(NamedTuple):
    """A path of the context, and how much of it is taken."""

    path: str
    whole: bool  # all of it can be uploaded as one; False: a folder of which only some files are taken


def below(context: Context, folder: str) -> Iterator[str]:
    """Everything below a folder, relative to it."""
    base = f"{folder}/" if folder else ""
    return (path[len(base) :] for path in context.entries if path.startswith(base))


def uploads_whole(context: Context, folder: str) -> bool:
    """Whether the SDK sends of a folder what Docker takes of it: it passes over one that is ignored itself."""
    if folder in context.ignored:
        return False
    base = f"{folder}/" if folder else ""
    return not any(path == folder or path.startswith(base) for path in context.differs)


def pieces(context: Context, folder: str, taken: Callable[[str], bool]) -> list[Piece]:
    """The pieces of a folder of which `taken` says for each path below it whether COPY takes it. Parents come first."""
    base = f"{folder}/" if folder else ""
    chosen: set[str] = set()
    partly: set[str] = set()  # folders that lack something
    for path in below(context, folder):
        if taken(path):
            chosen.add(path)
        else:
            partly.update(_parents(path))
        if base + path in context.differs:
            partly.update(_parents(path))
            partly.add(path)
        elif base + path in context.ignored:
            partly.add(path)
    for path in context.differs:
        if path.startswith(base):  # what Docker leaves out and the SDK would send has no entry
            partly.update(_parents(path[len(base) :]))
    needed = {parent for path in chosen for parent in _parents(path)}
    found = []
    for path in below(context, folder):
        if path in needed or path in chosen:
            whole = path in chosen and (path not in partly or context.entries[base + path].type != "dir")
            if not any(parent in chosen and parent not in partly for parent in _parents(path)):
                found.append(Piece(path, whole))
    return found


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        yield path
