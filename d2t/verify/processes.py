"""Processes of a container, read from its own /proc by a script that runs inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from d2t.verify.state import Process

# Runs under the image's /bin/sh, with cat, od, readlink and tr. Values are hexadecimal: they hold NUL, blanks and newlines.
_DUMP = r"""
hex() { od -An -v -tx1 2>/dev/null | tr -d ' \n'; echo; }
dump() {
  [ -r "$1/stat" ] || return 0
  printf 'stat '; cat "$1/stat" 2>/dev/null || echo
  printf 'argv '; cat "$1/cmdline" 2>/dev/null | hex
  printf 'env '; cat "$1/environ" 2>/dev/null | hex
  printf 'cwd '; readlink "$1/cwd" 2>/dev/null | hex
  printf 'status '; cat "$1/status" 2>/dev/null | hex
}
"""
LOOK = f'PATH=/usr/sbin:/usr/bin:/sbin:/bin\n{_DUMP}echo "self $$"\nfor d in /proc/[0-9]*; do dump "$d"; done\n'
# The shell's own start: /proc/self would be cat's
SELF = f'{_DUMP}d=/proc/$$; PATH=/usr/sbin:/usr/bin:/sbin:/bin; dump "$d"\n'


@dataclass(frozen=True, slots=True)
class Seen:
    """One process of a dump."""

    pid: int
    parent: int  # 0 for one that came from outside the container
    zombie: bool
    process: Process  # without children


def parse(text: str) -> tuple[dict[int, Seen], int]:
    """The processes of a dump by pid, and the pid of the script that made it (0 when it did not say)."""
    found: dict[int, Seen] = {}
    own = 0
    record: dict[str, str] = {}

    def finish() -> None:
        if record.get("stat"):
            seen = _seen(record)
            found[seen.pid] = seen
        record.clear()

    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == "self":
            own = int(value)
            continue
        if key == "stat":
            finish()
        record[key] = value
    finish()
    return found, own


def _text(digits: str) -> str:
    return bytes.fromhex(digits).decode("utf-8", "surrogateescape")


def environment(block: str) -> dict[str, str]:
    """The variables of an environment block. Of a name given twice the first counts, as for getenv."""
    values: dict[str, str] = {}
    for item in block.split("\0"):
        name, equals, value = item.partition("=")
        if equals:
            values.setdefault(name, value)
    return values


def _seen(record: Mapping[str, str]) -> Seen:
    # "12 (a name) S 1 …": the name may hold blanks and parentheses
    pid, _, rest = record["stat"].partition(" ")
    state, parent, *_ = rest.rpartition(")")[2].split()
    argv = _text(record.get("argv", ""))
    status = dict(line.split(":", 1) for line in _text(record.get("status", "")).splitlines() if ":" in line)
    uids, gids = status.get("Uid", "0 0").split(), status.get("Gid", "0 0").split()
    process = Process(
        argv=tuple(argv.removesuffix("\0").split("\0")) if argv else (),
        env=environment(_text(record.get("env", ""))),
        cwd=_text(record.get("cwd", "")).removesuffix("\n"),
        uid=int(uids[1]),
        gid=int(gids[1]),
        groups=tuple(sorted({int(gids[1]), *map(int, status.get("Groups", "").split())})),
        umask=int(status.get("Umask", "0022").strip(), 8),
    )
    return Seen(int(pid), int(parent), state in "ZX", process)


def tree(found: Mapping[int, Seen], root: int) -> Process | None:
    """The process `root` with its descendants. None when it is not there (any more)."""
    seen = found.get(root)
    if seen is None or seen.zombie:
        return None
    children = [tree(found, pid) for pid in sorted(found) if found[pid].parent == root and pid != root]
    return replace(seen.process, children=tuple(child for child in children if child is not None))
