"""The cases: small Dockerfiles without network, by row of the table that they belong to.

A case has `id`, `dockerfile` and, as far as it needs them:

    verdict   "same" (the default), "refused", "failed" (the service's build fails and says why), "warned" (differences,
              each of which a warning names), "unknown" (Docker cannot build it here) or "any" (same, refused or warned)
    codes     diagnostics that must be among those given
    provider  "e2b" by default
    base      the name in bases.toml of the base image that it starts FROM
    args, target, allow        as the options of `d2t verify`
    files, modes, links, folders, binary, archives    the build context
    newline   the line end, "\\n" by default
    repeat    { "@MARK@" = [text, times] }: replaced in the Dockerfile
    docker    what to give to `docker build` instead, where the engine's frontend does not know a flag: the same by the
              Dockerfile reference
"""

from __future__ import annotations

import io
import tarfile
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
BASES = "bases.toml"


@dataclass(frozen=True)
class Case:
    """One Dockerfile and what is expected of it."""

    id: str
    row: str
    dockerfile: str
    verdict: str = "same"
    codes: tuple[str, ...] = ()
    provider: str = "e2b"
    base: str = ""
    args: dict[str, str] = field(default_factory=dict)
    target: str = ""
    allow: tuple[str, ...] = ()
    context: dict[str, Any] = field(default_factory=dict)
    docker: str = ""

    def write(self, folder: Path) -> Path:
        """The Dockerfile and its context below `folder`; returns the context, the Dockerfile stands beside it."""
        context = folder / "context"
        context.mkdir(parents=True)
        for name in self.context.get("folders", ()):
            (context / name).mkdir(parents=True)
        for name, text in self.context.get("files", {}).items():
            _write(context / name, text.encode())
        for name, size in self.context.get("binary", {}).items():
            _write(context / name, bytes(index * index % 251 for index in range(size)))
        for name, members in self.context.get("archives", {}).items():
            _write(context / name, _archive(name, members))
        for name, target in self.context.get("links", {}).items():
            (context / name).symlink_to(target)
        for name, mode in self.context.get("modes", {}).items():
            (context / name).chmod(mode)
        (folder / "Dockerfile").write_bytes(self.dockerfile.encode())
        if self.docker:
            (folder / "Dockerfile.docker").write_bytes(self.docker.encode())
        return context


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o644)


def _archive(name: str, members: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    mode = "w:gz" if name.endswith("gz") else "w"
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for member, text in members.items():
            info = tarfile.TarInfo(member)
            data = text.encode()
            info.size, info.mode, info.uid, info.gid, info.mtime = len(data), 0o750, 1111, 2222, 1_000_000_000
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


_CONTEXT = ("files", "modes", "links", "folders", "binary", "archives")


@cache
def cases() -> tuple[Case, ...]:
    """All cases, in the order of the files' names."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        if path.name == BASES:
            continue
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        found += [_case(data["row"], entry) for entry in data["case"]]
    return tuple(found)


@cache
def bases() -> dict[str, str]:
    """The Dockerfiles of the derived base images by name."""
    return tomllib.loads((FOLDER / BASES).read_text(encoding="utf-8"))


def base_tag(name: str) -> str:
    """The image name of a derived base."""
    return f"d2t-case/{name}"


def _case(row: str, entry: dict[str, Any]) -> Case:
    data = dict(entry)
    text = data.pop("dockerfile").removeprefix("\n")
    for mark, (piece, times) in data.pop("repeat", {}).items():
        text = text.replace(mark, (piece * times).removesuffix("\n"))
    text = text.replace("\n", data.pop("newline", "\n"))
    context = {key: data.pop(key) for key in _CONTEXT if key in data}
    for key in ("codes", "allow"):
        data[key] = tuple(data.get(key, ()))
    return Case(row=row, dockerfile=text, context=context, **data)
