"""Paths as BuildKit joins and cleans them (client/llb and util/system, for Linux)."""

from __future__ import annotations

import posixpath

from d2t.patterns import deferred

_LEADING = deferred(r"^//+")


def clean(path: str) -> str:
    """Go's path.Clean."""
    return _LEADING.sub("/", posixpath.normpath(path)) if path else "."


def workdir(current: str, wanted: str) -> str:
    """The working directory after `WORKDIR wanted`: a relative path joins the current one."""
    if not wanted:
        return current or "/"
    if wanted.startswith("/"):
        return wanted
    return clean(f"{current or '/'}/{wanted}")


def destination(current: str, wanted: str) -> str:
    """COPY's absolute destination; a slash (or `/.`) at the end stays, it means a directory."""
    if wanted in ("", "."):
        wanted = "./"
    path = clean(wanted if wanted.startswith("/") else f"{current or '/'}/{wanted}")
    if wanted.endswith("/") and path != "/":
        return f"{path}/"
    if wanted.endswith("/."):
        return "/." if path == "/" else f"{path}/."
    return path


def source(wanted: str) -> str:
    """A source in the context, from its root: `src/../a` → `/a`. It cannot leave the context."""
    return clean(f"/{wanted}")


def is_below(path: str, folder: str) -> bool:
    """Whether a clean path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
