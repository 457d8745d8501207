"""What a user may ask of a translation, and what of the build context it needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

ALLOWED = ("expose", "volume")  # what `--allow` may drop with a warning


class Entry(NamedTuple):
    """One file, folder or link of the build context."""

    type: str  # file, dir, link or other
    target: str = ""  # of a link, as it is written
    size: int = 0  # of a file, in bytes
    mode: int = 0  # permission bits
    archive: str = ""  # how a file is packed that holds a tar archive: tar, gzip, bzip2, xz or zstd; "" for no archive
    archive_root: bool = False  # the archive has an entry for the folder that it is unpacked into


class Context(NamedTuple):
    """The build context as it is after `.dockerignore`: paths relative to its root, with slashes.

    `d2t.context.scan` makes it; translating never touches the files themselves.
    """

    root: str  # the folder, as the user named it
    entries: Mapping[str, Entry] = MappingProxyType({})
    ignored: frozenset[str] = frozenset()  # left out; in `entries` as well: a folder with something that is not
    differs: frozenset[str] = frozenset()  # where the SDK chooses otherwise: it reads no `NAME.dockerignore`


@dataclass(frozen=True, slots=True)
class Options:
    """See `d2t.api.transpile`."""

    start: str = ""
    ready: str = ""
    default_ready: str = ""
    compose_test: tuple[str, ...] | None = None
    allow: frozenset[str] = frozenset()
    user: str = ""
    workdir: str = ""
    from_template: str = ""
    persist_env: bool = True
    context: Context | None = None

    def __post_init__(self) -> None:
        unknown = self.allow.difference(ALLOWED)
        if unknown:
            raise ValueError(f"--allow takes {' or '.join(ALLOWED)}, not {', '.join(sorted(unknown))}")
