"""A heredoc among COPY's sources: a command that writes the file."""

from __future__ import annotations

import re
import shlex

from d2t.lower.copy import owner
from d2t.lower.state import Lowering
from d2t.plan.build import CopySource, CopyStep, WorkdirStep
from d2t.plan.paths import clean

_DEFAULT_MODE = "644"
_FOLDERS = frozenset(
    "/ /bin /boot /dev /etc /home /lib /media /mnt /opt /root /run /sbin /srv /tmp /usr /usr/bin /usr/lib /usr/local /usr/local/bin /var".split()
)


def write(state: Lowering, step: CopyStep, source: CopySource) -> None:
    """Write a document: Docker's content, mode and owner."""
    path = target(state, step, source.text)
    user, group = owner.names(state, step)
    if command := owner.parents(state, step, path.rsplit("/", 1)[0]):
        state.run_as_root(command, step.origin, "folders that COPY makes belong to --chown's user")
    flags = ["-D", "-m", step.mode.lstrip("0") or "0" if step.mode[:1] == "0" else _DEFAULT_MODE]
    if user != "root":
        flags += ["-o", user]
        flags += ["-g", group] if group else []
    install = f"install {shlex.join(flags)}"
    if user != "root" and not group:
        install += f' -g "$(id -g {shlex.quote(user)})"'
    more = f"chmod {shlex.quote(step.mode)} {shlex.quote(path)}" if step.mode and step.mode[:1] != "0" else ""
    for number, part in enumerate(_parts(source.content, state.provider["runtime.command_bytes"])):
        if number == 0:
            state.run_as_root(
                _command(part, f"{install} /dev/stdin {shlex.quote(path)}"), step.origin, f"the file {path}"
            )
        else:
            state.run_as_root(_command(part, f"cat >>{shlex.quote(path)}"), step.origin, "its next piece")
    if more:
        state.run_as_root(more, step.origin, f"--chmod={step.mode}")


def target(state: Lowering, step: CopyStep, name: str) -> str:
    """The file that one source becomes: in the destination when that is a folder."""
    if step.dest.endswith(("/", "/.")):
        return clean(f"{step.dest}/{name}")
    folders = {clean(other.path) for other in state.plan.steps if isinstance(other, WorkdirStep)} | _FOLDERS
    return clean(f"{step.dest}/{name}") if step.dest in folders else step.dest


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
