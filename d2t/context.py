"""The build context: what COPY and ADD can see, after `.dockerignore`. Reads the file system, and only looks at it."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterator

from d2t.dockerfile.port import IgnoreMatcher
from d2t.lower.options import Context, Entry

_MAGIC = {  # what BuildKit unpacks, by content: moby/go-archive, compression
    b"\x1f\x8b\x08": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_PACKED_NAMES = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".gz", ".bz2", ".xz", ".zst", ".img", ".bin")
_PEEK_BYTES = 65_536  # enough of a compressed file to see its first tar header
_PEEK_DEPTH = 2  # files so near to the root are looked into whatever their name


class ContextError(ValueError):
    """The context cannot be read; the message says why in one line."""


def scan(root: str, dockerfile: str = "") -> Context:
    """List a build context. Links are never followed.

    `dockerfile` is the Dockerfile's path: a `NAME.dockerignore` beside it stands in for the context's `.dockerignore`.

    Raises ContextError for a folder that cannot be read, and for a pattern that is none.
    """
    if not os.path.isdir(root):
        raise ContextError(f"the build context {root} is not a folder")
    common = os.path.join(root, ".dockerignore")
    own = f"{dockerfile}.dockerignore" if dockerfile else ""
    ignore_file = own if own and os.path.isfile(own) else common
    walk = _Walk(root, _matcher(ignore_file), _matcher(common) if ignore_file == own else None)
    entries = dict(walk.below(""))
    return Context(root, entries, frozenset(walk.ignored), frozenset(walk.differs))


def _matcher(path: str) -> IgnoreMatcher:
    try:
        return IgnoreMatcher(_patterns(path))
    except ValueError as error:
        raise ContextError(f"{path}: {error}") from None


def _patterns(path: str) -> list[str]:
    """The lines of an ignore file that are patterns; a `#` counts at a line's very beginning only."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return [line for line in file.read().split("\n") if line.strip() and not line.startswith("#")]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ContextError(f"cannot read {path}: {error}") from None


class _Walk:
    """One walk through a context, parents before their children."""

    def __init__(self, root: str, matcher: IgnoreMatcher, sdk: IgnoreMatcher | None) -> None:
        """`sdk`: the patterns that the SDK reads where they are not the same."""
        self._root, self._matcher, self._sdk = root, matcher, sdk
        self.ignored: list[str] = []
        self.differs: list[str] = []

    def below(self, folder: str, matched: int = 0, sdk_matched: int = 0) -> Iterator[tuple[str, Entry]]:
        for item in self._list(folder):
            path = f"{folder}/{item.name}" if folder else item.name
            left_out, own = self._matcher.below(path, matched)
            sdk_own = 0
            if left_out:
                self.ignored.append(path)
            if self._sdk is not None:
                sdk_left_out, sdk_own = self._sdk.below(path, sdk_matched)
                if sdk_left_out != left_out:
                    self.differs.append(path)
            is_folder = item.is_dir(follow_symlinks=False)
            if not left_out:
                yield path, self._entry(item, path)
                if is_folder:
                    yield from self.below(path, own, sdk_own)
            elif is_folder and self._matcher.may_match_under(path):
                inside = list(self.below(path, own, sdk_own))
                if inside:  # Docker takes a folder along with what is kept below it
                    yield path, self._entry(item, path)
                    yield from inside

    def _list(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(os.path.join(self._root, folder)) as found:
                return sorted(found, key=lambda item: item.name)
        except OSError as error:
            raise _unreadable(error) from None

    def _entry(self, item: os.DirEntry[str], path: str) -> Entry:
        try:
            status = item.stat(follow_symlinks=False)
            mode = stat.S_IMODE(status.st_mode)
            if stat.S_ISLNK(status.st_mode):
                return Entry("link", target=os.readlink(item.path), mode=mode)
        except OSError as error:
            raise _unreadable(error) from None
        if stat.S_ISDIR(status.st_mode):
            return Entry("dir", mode=mode)
        if not stat.S_ISREG(status.st_mode):
            return Entry("other", mode=mode)
        packed = path.count("/") < _PEEK_DEPTH or item.name.lower().endswith(_PACKED_NAMES)
        archive, has_root = _archive(item.path) if packed and status.st_size else ("", False)
        return Entry("file", size=status.st_size, mode=mode, archive=archive, archive_root=has_root)


def _unreadable(error: OSError) -> ContextError:
    return ContextError(f"cannot read {error.filename}: {(error.strerror or str(error)).lower()}")


def _archive(path: str) -> tuple[str, bool]:
    """How a tar archive is packed, and whether its first entry is the folder itself; "" for any other file."""
    try:
        with open(path, "rb") as file:
            head = file.read(tarfile.BLOCKSIZE)
            kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "tar")
            if kind != "tar":
                head += file.read(_PEEK_BYTES)
    except OSError:
        return "", False
    if kind == "zstd":  # nothing in Python 3.11 unpacks it: taken for an archive when it is named like one
        return (kind, True) if path.lower().endswith((".tar.zst", ".tzst")) else ("", False)
    try:
        first = tarfile.TarInfo.frombuf(_unpacked(kind, head), "utf-8", "surrogateescape")
    except (tarfile.HeaderError, OSError, EOFError, ValueError):
        return "", False
    return kind, first.name in (".", "./") or first.type in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME)


def _unpacked(kind: str, head: bytes) -> bytes:
    """The first tar header. Raises OSError and EOFError for what is no such compressed file."""
    if kind == "tar":
        return head
    import bz2
    import gzip
    import lzma
    import zlib

    stream = io.BytesIO(head)
    opened = {"gzip": gzip.GzipFile, "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile}[kind]
    try:
        with opened(stream) if kind != "gzip" else gzip.GzipFile(fileobj=stream) as file:
            return bytes(file.read(tarfile.BLOCKSIZE))
    except (zlib.error, lzma.LZMAError) as error:
        raise OSError(str(error)) from None
