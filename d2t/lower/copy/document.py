"""A heredoc among COPY's sources: a command that writes the file."""

from __future__ import annotations

import re
import shlex

from d2t.lower.copy import owner, place
from d2t.lower.state import Lowering
from d2t.plan.build import CopySource, CopyStep
from d2t.plan.paths import clean

_MODE = 0o644  # BuildKit, convert_copy.go: Mkfile(…, 0644, …)
_ROOM = 2_048  # bytes of a command that are not content


def write(state: Lowering, step: CopyStep, source: CopySource) -> None:
    """Write a document: Docker's content, mode and owner."""
    path, inside = target(state, step, source.text.rsplit("/", 1)[-1])
    owner.ensure(state, step)
    owner.make_parents(state, step, clean(f"{path}/.."))
    file = shlex.quote(path)
    owned = not owner.is_root(step)  # `make_parents` made the folder
    before = "" if owned else place.make_folder(state, step, path)
    if inside and place.may_exist(state, step, path):
        before += f"rm -f {file} && "  # Docker replaces what is in a folder, and follows a link that is the destination
    after = _settled(state, step, path, inside)
    limit = state.provider["runtime.command_bytes"] - _ROOM - len(before) - len(after)
    parts = _parts(source.content, max(limit, 1))
    for number, part in enumerate(parts):
        command = _command(part, file, ">" if number == 0 else ">>", after if number == len(parts) - 1 else "")
        why = f"the file {path}" if number == 0 else f"more of the file {path}"
        state.run_as_root(f"{before}{command}" if number == 0 else command, step.origin, why)


def target(state: Lowering, step: CopyStep, name: str) -> tuple[str, bool]:
    """The file that a source becomes, and whether it is one in a folder that is the destination."""
    dest = clean(step.dest)
    if step.dest.endswith("/") or step.dest.endswith("/.") or place.is_folder(state, step, dest):
        return clean(f"{dest}/{name}"), True
    return dest, False


def _settled(state: Lowering, step: CopyStep, path: str, inside: bool) -> str:
    """The end of the command: owner and mode where they are not those of root's new files."""
    mode = owner.mode(step, _MODE)
    stays = not inside and place.may_exist(state, step, path)
    commands = []
    if stays or not owner.is_root(step):
        commands.append(["chown", owner.word(step), path])
    if stays or mode != _MODE:
        commands.append(["chmod", f"{mode:o}", path])
    return "".join(f" && {shlex.join(command)}" for command in commands)


def _command(content: str, file: str, operator: str, after: str) -> str:
    if not content:
        return f": {operator}{file}{after}"
    if not content.endswith("\n"):
        return f"printf %s {shlex.quote(content)} {operator}{file}{after}"
    end = "EOF"
    while re.search(rf"(?m)^{end}$", content):
        end += "_"
    return f"cat {operator}{file} <<'{end}'{after}\n{content}{end}"


def _parts(content: str, limit: int) -> list[str]:
    """The content in pieces of at most `limit` bytes each once they are quoted; at ends of lines where that is possible."""
    parts: list[str] = []
    part: list[str] = []
    size = 0
    for line in content.splitlines(keepends=True) if "\n" in content else [content]:
        for piece in _cut(line, limit):
            length = _length(piece)
            if part and size + length > limit:
                parts.append("".join(part))
                part, size = [], 0
            part.append(piece)
            size += length
    return [*parts, "".join(part)]


def _cut(line: str, limit: int) -> list[str]:
    if _length(line) <= limit:
        return [line]
    step = max(limit // 8, 1)  # at most four bytes a character, and five for a quote
    return [line[start : start + step] for start in range(0, len(line), step)]


def _length(text: str) -> int:
    return len(text.encode()) + 4 * text.count("'")
