"""The files of images, read from the engine's `save` stream. Nothing is unpacked: the stream goes through tarfile."""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import tarfile
from collections.abc import Callable, Iterable
from typing import IO, Any, cast

from d2t.verify.state import Entry, Files, Layer

_CHUNK = 1 << 20
_WHITEOUT = ".wh."  # OCI image spec, layer.md
_OPAQUE = ".wh..wh..opq"
_KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.GNUTYPE_SPARSE: "file",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.CHRTYPE: "char",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}


class LayerReader:
    """Reads saved images; layers that are named by their content are read once.

    `keep` says of which paths the content is kept, not only its hash.
    """

    def __init__(self, keep: Callable[[str], bool] = lambda path: False) -> None:
        self._keep = keep
        self._known: dict[str, Layer] = {}

    def read(self, stream: IO[bytes]) -> dict[str, Files]:
        """The files of each image of a `docker save` stream, by the image's id ("sha256:…").

        Raises ValueError when the stream is not one.
        """
        layers: dict[str, Layer] = {}
        documents: dict[str, Any] = {}
        links: dict[str, str] = {}
        with tarfile.open(fileobj=stream, mode="r|") as outer:
            for member in outer:
                name = member.name.removeprefix("./")
                if member.issym() or member.islnk():  # older engines link equal layers
                    folder = posixpath.dirname(name) if member.issym() else ""
                    links[name] = posixpath.normpath(posixpath.join(folder, member.linkname))
                    continue
                if not member.isfile():
                    continue
                if name in self._known:
                    layers[name] = self._known[name]
                    continue
                opened = outer.extractfile(member)
                assert opened is not None
                content = io.BufferedReader(cast(io.RawIOBase, opened), _CHUNK)
                if content.peek(1)[:1] in (b"{", b"["):
                    documents[name] = json.load(content)
                elif _looks_like_layer(member, content):
                    layers[name] = read_layer(content, self._keep)
                    if name.startswith("blobs/"):
                        self._known[name] = layers[name]
        manifest = documents.get("manifest.json")
        if not isinstance(manifest, list):
            raise ValueError("the engine's answer to `save` has no manifest.json")
        found = {}
        for image in manifest:
            config = documents[image["Config"]]
            chain = [layers[links.get(name, name)] for name in image["Layers"]]
            identity = posixpath.basename(image["Config"]).removesuffix(".json")
            found[f"sha256:{identity}"] = stack(chain, _made_by(config, len(chain)))
        return found


def _looks_like_layer(member: tarfile.TarInfo, content: io.BufferedReader[io.RawIOBase]) -> bool:
    start = content.peek(512)[:512]
    return start[:2] == b"\x1f\x8b" or start[257:262] == b"ustar" or (member.size >= 1024 and not start.strip(b"\0"))


def _made_by(config: Any, count: int) -> tuple[str, ...]:
    texts = [str(item.get("created_by", "")) for item in config.get("history") or () if not item.get("empty_layer")]
    return tuple(texts) if len(texts) == count else ("",) * count


def read_layer(stream: IO[bytes], keep: Callable[[str], bool] = lambda path: False) -> Layer:
    """One layer from its tar (plain or compressed)."""
    entries: dict[str, Entry | None] = {}
    opaque: list[str] = []
    with tarfile.open(fileobj=stream, mode="r|*") as archive:
        for member in archive:
            path = posixpath.normpath("/" + member.name.lstrip("/"))
            folder, name = posixpath.split(path)
            if name == _OPAQUE:
                opaque.append(folder)
            elif name.startswith(_WHITEOUT):
                entries.setdefault(posixpath.join(folder, name.removeprefix(_WHITEOUT)), None)
            elif member.islnk():
                entries[path] = entries.get(posixpath.normpath("/" + member.linkname.lstrip("/")))
            else:
                entries[path] = _entry(archive, member, keep(path))
    return Layer(entries, tuple(opaque))


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo, keep: bool) -> Entry:
    kind = _KINDS.get(member.type, "file")
    digest, content = "", None
    if kind == "file":
        opened = archive.extractfile(member)
        hashed = hashlib.sha256()
        kept = bytearray()
        while opened is not None and (chunk := opened.read(_CHUNK)):
            hashed.update(chunk)
            if keep:
                kept += chunk
        digest, content = hashed.hexdigest(), bytes(kept) if keep else None
    prefix = "SCHILY.xattr."
    xattrs = {key[len(prefix) :]: text for key, text in member.pax_headers.items() if key.startswith(prefix)}
    return Entry(
        kind=kind,
        mode=member.mode & 0o7777,
        uid=member.uid,
        gid=member.gid,
        size=member.size if kind == "file" else 0,
        digest=digest,
        target=member.linkname if kind == "symlink" else "",
        device=(member.devmajor, member.devminor) if kind in ("char", "block") else (0, 0),
        xattrs=tuple(sorted(xattrs.items())),
        content=content,
    )


def stack(layers: Iterable[Layer], made_by: tuple[str, ...] = ()) -> Files:
    """The files that layers give, the lowest first."""
    entries: dict[str, Entry] = {}
    touched: dict[str, int] = {}
    for number, layer in enumerate(layers):
        for folder in layer.opaque:
            _remove_below(folder, entries, touched, number)
        gone = [path for path, entry in layer.entries.items() if entry is None]
        for path in gone:
            if path in entries:
                if entries[path].kind == "dir":
                    _remove_below(path, entries, touched, number)
                del entries[path]
                touched[path] = number
        for path, entry in layer.entries.items():
            if entry is None:
                continue
            before = entries.get(path)
            if before == entry:
                continue
            if before is not None and before.kind == "dir" and entry.kind != "dir":
                _remove_below(path, entries, touched, number)
            entries[path] = entry
            touched[path] = number
    return Files(entries, touched, made_by)


def _remove_below(folder: str, entries: dict[str, Entry], touched: dict[str, int], number: int) -> None:
    prefix = folder.rstrip("/") + "/"
    for path in [path for path in entries if path.startswith(prefix) and path != folder]:
        del entries[path]
        touched[path] = number
