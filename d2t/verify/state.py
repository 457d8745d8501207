"""What can be observed of an image and of the processes that it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of an image's filesystem. Times are not kept: no two builds agree on them."""

    kind: str  # file, dir, symlink, char, block or fifo
    mode: int  # permission bits with setuid, setgid and sticky
    uid: int
    gid: int
    size: int = 0
    digest: str = ""  # SHA-256 of a file's content, hexadecimal
    target: str = ""  # of a symlink, as written
    device: tuple[int, int] = (0, 0)  # major and minor of char and block
    xattrs: tuple[tuple[str, str], ...] = ()  # such as security.capability
    content: bytes | None = field(default=None, compare=False, repr=False)  # kept where lines are compared


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of an image: what it sets (an `Entry`), removes (None), or hides below a folder (`opaque`)."""

    entries: Mapping[str, Entry | None]
    opaque: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Files:
    """The files of an image by absolute path, and the layer that gave each its last state.

    `touched` also names removed paths. Layers count from 0, the lowest.
    """

    entries: Mapping[str, Entry]
    touched: Mapping[str, int] = field(default_factory=dict)
    made_by: tuple[str, ...] = ()  # per layer, the text of the image's history


@dataclass(frozen=True, slots=True)
class Process:
    """One process, as its /proc shows it."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    uid: int = 0  # effective
    gid: int = 0  # effective
    groups: tuple[int, ...] = ()  # supplementary and the effective one, sorted
    umask: int = 0o022
    children: tuple[Process, ...] = ()  # in order of start


@dataclass(frozen=True, slots=True)
class Start:
    """The start command some time after its start: running, or ended with a status. Neither: there is none."""

    process: Process | None = None
    exit_code: int | None = None
    output: str = ""  # standard output of a command that ended


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that `verify` compares of one image."""

    files: Files
    start: Start = Start()
    later: Process | None = None  # what a command that is run later starts with
    later_error: str = ""  # why no command can be run later
