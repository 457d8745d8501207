"""Texts written to files of the image by commands."""

from __future__ import annotations

import re
import shlex

from d2t.dockerfile.source import Origin
from d2t.lower.state import Lowering


def write_file(state: Lowering, origin: Origin, path: str, content: str, install: str, why: str) -> None:
    """Steps that write a text to a file of the image, in pieces where it is longer than a command may be."""
    for number, part in enumerate(_parts(content, state.provider["runtime.command_bytes"])):
        reader = f"cat >>{shlex.quote(path)}" if number else f"{install} /dev/stdin {shlex.quote(path)}"
        state.run_as_root(_command(part, reader), origin, "its next piece" if number else why)


def _command(content: str, reader: str) -> str:
    if not content:
        return f"{reader} </dev/null"
    if not content.endswith("\n") or "\0" in content:
        return f"printf %s {shlex.quote(content)} | {reader}"
    end = "EOF"
    while re.search(rf"(?m)^{end}$", content):
        end += "_"
    return f"{reader} <<'{end}'\n{content}{end}"


def _parts(content: str, limit: int) -> list[str]:
    """The content in pieces that fit into a command."""
    if len(content.encode()) < limit // 2:
        return [content]
    parts: list[str] = []
    part: list[str] = []
    size = 0
    for line in content.splitlines(keepends=True):
        if size + len(line.encode()) > limit // 2 and part:
            parts.append("".join(part))
            part, size = [], 0
        part.append(line)
        size += len(line.encode())
    return [*parts, "".join(part)]
