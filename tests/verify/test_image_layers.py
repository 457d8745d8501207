"""Images from the engine's save stream."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

import pytest

from d2t.verify.layers import LayerReader, read_layer, stack
from d2t.verify.state import Entry


def member(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def pack(*members: tuple[tarfile.TarInfo, bytes], compressed: bool = False) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz" if compressed else "w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def saved(layers: list[bytes], history: list[dict[str, object]]) -> bytes:
    """A stream as `docker save` writes it."""
    config = json.dumps({"history": history}).encode()
    names = [f"blobs/sha256/{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    manifest = [{"Config": "blobs/sha256/abc", "Layers": names}]
    blobs = [(member(name), layer) for name, layer in zip(names, layers, strict=True)]
    return pack(*blobs, (member("blobs/sha256/abc"), config), (member("manifest.json"), json.dumps(manifest).encode()))


def test_an_image_is_its_layers_one_above_the_other() -> None:
    low = pack((member("etc", tarfile.DIRTYPE, mode=0o755), b""), (member("etc/a"), b"one"), (member("etc/b"), b"b"))
    high = pack((member("etc/.wh.b"), b""), (member("etc/a", mode=0o4755, uid=7, gid=8), b"two"))
    history = [{"created_by": "base"}, {"created_by": "ENV A=1", "empty_layer": True}, {"created_by": "RUN x"}]
    (files,) = LayerReader().read(io.BytesIO(saved([low, high], history))).values()
    assert set(files.entries) == {"/etc", "/etc/a"}
    entry = files.entries["/etc/a"]
    assert (entry.mode, entry.uid, entry.gid, entry.digest) == (0o4755, 7, 8, hashlib.sha256(b"two").hexdigest())
    assert files.touched == {"/etc": 0, "/etc/a": 1, "/etc/b": 1}
    assert files.made_by == ("base", "RUN x")


def test_content_is_kept_only_where_asked() -> None:
    layer = read_layer(io.BytesIO(pack((member("a"), b"1"), (member("b"), b"2"))), lambda path: path == "/a")
    assert [layer.entries[path].content for path in ("/a", "/b")] == [b"1", None]  # type: ignore[union-attr]


def test_links_devices_and_capabilities() -> None:
    capable = member("ping")
    capable.pax_headers = {"SCHILY.xattr.security.capability": "\x01"}
    data = pack(
        (capable, b"x"),
        (member("hard", tarfile.LNKTYPE, linkname="ping"), b""),
        (member("soft", tarfile.SYMTYPE, linkname="../x"), b""),
        (member("null", tarfile.CHRTYPE, devmajor=1, devminor=3), b""),
        compressed=True,
    )
    entries = read_layer(io.BytesIO(data)).entries
    assert entries["/hard"] == entries["/ping"]
    assert entries["/ping"].xattrs == (("security.capability", "\x01"),)  # type: ignore[union-attr]
    assert entries["/soft"].target == "../x"  # type: ignore[union-attr]
    assert entries["/null"].device == (1, 3)  # type: ignore[union-attr]


def test_removals_reach_below() -> None:
    def layer(*members: tuple[tarfile.TarInfo, bytes]):  # type: ignore[no-untyped-def]
        return read_layer(io.BytesIO(pack(*members)))

    tree = layer((member("d", tarfile.DIRTYPE), b""), (member("d/x"), b""), (member("d/e/y"), b""), (member("dd"), b""))
    assert set(stack([tree, layer((member(".wh.d"), b""))]).entries) == {"/dd"}
    opaque = layer((member("d/.wh..wh..opq"), b""), (member("d/new"), b""))
    assert set(stack([tree, opaque]).entries) == {"/d", "/d/new", "/dd"}
    assert set(stack([tree, layer((member("d", tarfile.SYMTYPE, linkname="dd"), b""))]).entries) == {"/d", "/dd"}


def test_a_layer_that_says_nothing_new_touches_nothing() -> None:
    layer = read_layer(io.BytesIO(pack((member("a"), b"1"))))
    assert stack([layer, layer]).touched == {"/a": 0}


def test_names_never_leave_the_image() -> None:
    entries = read_layer(io.BytesIO(pack((member("../../etc/passwd"), b"x"), (member("/abs"), b"y")))).entries
    assert set(entries) == {"/etc/passwd", "/abs"}


def test_a_layer_is_read_once() -> None:
    layer = pack((member("a"), b"1"))
    reader = LayerReader()
    (first,) = reader.read(io.BytesIO(saved([layer], []))).values()
    (second,) = reader.read(io.BytesIO(saved([layer], []))).values()
    assert isinstance(first.entries["/a"], Entry)
    assert first.entries["/a"] is second.entries["/a"]


def test_a_stream_without_images_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no manifest\.json"):
        LayerReader().read(io.BytesIO(pack()))
