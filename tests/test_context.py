"""What a build context holds after its ignore file."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2t.context import ContextError, scan
from d2t.dockerfile.port import IgnoreMatcher, PatternMatcher
from d2t.lower.options import Entry


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("ignore", "kept"),
    [
        ("", "a.log keep.log n n/m n/m/x.js n/y"),
        ("*.log\n!keep.log\n", "keep.log n n/m n/m/x.js n/y"),
        ("n\n", "a.log keep.log"),
        ("/n/\n", "a.log keep.log"),
        ("n\n!n/y\n", "a.log keep.log n n/y"),  # the folder comes along with what is kept in it
        ("n\n!n/none\n", "a.log keep.log"),
        ("**/*.js\n", "a.log keep.log n n/m n/y"),
        ("# *.log\n  #n\n\n", "a.log keep.log n n/m n/m/x.js n/y"),
        ("\ufeffn\r\n*.log\r\n", ""),
        ("*\n!n/m\n", "n n/m n/m/x.js"),
    ],
)
def test_the_ignore_file_chooses(tmp_path: Path, ignore: str, kept: str) -> None:
    write(tmp_path, {"a.log": "", "keep.log": "", "n/m/x.js": "", "n/y": ""})
    (tmp_path / ".dockerignore").write_bytes(ignore.encode())
    assert sorted(set(scan(str(tmp_path)).entries) - {".dockerignore"}) == kept.split()


def test_what_is_left_out_is_known_and_not_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {".dockerignore": "node_modules\n", "node_modules/x/y.js": "", "app.js": ""})
    entered: list[str] = []
    scandir = os.scandir

    def noted(path: str) -> object:
        entered.append(os.path.relpath(path, tmp_path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", noted)
    assert scan(str(tmp_path)).ignored == {"node_modules"}
    assert entered == ["."]


def test_entries_are_described_and_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write(tmp_path, {"outside/secret": "s", "context/run.sh": "#!/bin/sh\n"})
    context = tmp_path / "context"
    (context / "run.sh").chmod(0o4750)
    (context / "d").mkdir(mode=0o711)
    (context / "out").symlink_to(outside)
    (context / "gone").symlink_to("/nowhere")
    os.mkfifo(context / "pipe", 0o600)
    entries = scan(str(context)).entries
    assert entries["run.sh"] == Entry("file", size=10, mode=0o4750)
    assert entries["d"] == Entry("dir", mode=0o711)
    assert (entries["out"].type, entries["out"].target) == ("link", str(outside))
    assert entries["gone"].target == "/nowhere"
    assert entries["pipe"].type == "other"
    assert "out/secret" not in entries


def test_the_ignore_file_beside_the_dockerfile_stands_in(tmp_path: Path) -> None:
    write(tmp_path, {".dockerignore": "a\nd\n", "x/Dockerfile.dockerignore": "b\n", "a": "", "b": "", "d/c": ""})
    found = scan(str(tmp_path), str(tmp_path / "x/Dockerfile"))
    assert {"a", "d", "d/c"} <= set(found.entries)
    assert found.ignored == {"b"}
    assert found.differs == {"a", "b", "d", "d/c"}
    assert scan(str(tmp_path), str(tmp_path / "x/Other")).differs == frozenset()


def packed(members: list[str], mode: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:  # type: ignore[call-overload]
        for name in members:
            archive.addfile(tarfile.TarInfo(name))
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.tar", packed(["x"], "w:"), ("tar", False)),
        ("a.tar", packed(["./", "./x"], "w:"), ("tar", True)),
        ("a.tar.gz", packed(["x"], "w:gz"), ("gzip", False)),
        ("a.tbz", packed(["x"], "w:bz2"), ("bzip2", False)),
        ("a.tar.xz", packed(["./", "x"], "w:xz"), ("xz", True)),
        ("named-otherwise", packed(["x"], "w:gz"), ("gzip", False)),
        ("a.tar.zst", b"\x28\xb5\x2f\xfd rest", ("zstd", True)),
        ("a.zst", b"\x28\xb5\x2f\xfd rest", ("", False)),
        ("a.tar.gz", b"text", ("", False)),
        ("a.tar.gz", gzip.compress(b"text" * 999), ("", False)),
        ("a.tar.bz2", bz2.compress(b"text" * 999), ("", False)),
        ("a.tar.xz", lzma.compress(b"text" * 999), ("", False)),
        ("a.tar.gz", b"\x1f\x8b\x08 broken", ("", False)),
        ("a.tar.xz", b"\xfd7zXZ\x00 broken", ("", False)),
        ("empty.tar", b"\0" * 10240, ("", False)),
    ],
)
def test_archives_are_told_by_their_content(tmp_path: Path, name: str, data: bytes, expected: tuple[str, bool]) -> None:
    (tmp_path / name).write_bytes(data)
    entry = scan(str(tmp_path)).entries[name]
    assert (entry.archive, entry.archive_root) == expected


def test_what_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ContextError, match="is not a folder"):
        scan(str(tmp_path / "none"))
    (tmp_path / ".dockerignore").write_text("a[\n")
    with pytest.raises(ContextError, match=r"\.dockerignore: .*pattern"):
        scan(str(tmp_path))
    (tmp_path / ".dockerignore").write_bytes(b"\xff\xfe")
    with pytest.raises(ContextError, match="cannot read"):
        scan(str(tmp_path))
    (tmp_path / ".dockerignore").unlink()

    def refused(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(ContextError, match=r"cannot read .*: permission denied"):
        scan(str(tmp_path))


PATTERN = st.lists(st.sampled_from(["a", "b", "*", "**", "?", "a*", "/", "!"]), min_size=1, max_size=6).map("".join)
PATH = st.lists(st.sampled_from(["a", "b", "ab", "c"]), min_size=1, max_size=4)


@given(st.lists(PATTERN, max_size=5), PATH)
def test_handing_down_what_a_folder_matched_changes_nothing(patterns: list[str], parts: list[str]) -> None:
    try:
        whole, steps = PatternMatcher(patterns), IgnoreMatcher(patterns)
    except ValueError:
        return
    matched = 0
    for count in range(1, len(parts) + 1):
        left_out, matched = steps.below("/".join(parts[:count]), matched)
        assert left_out == whole.matches("/".join(parts[:count]))
