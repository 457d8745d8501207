"""Which command of a shell script decides over its exit status, and how.

`curl -f URL || exit 1`, `set -e; curl -f URL` and `(curl -f URL && exit 0) || exit 1` all succeed exactly when
`curl -f URL` does; `curl -f URL || true` always succeeds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum

from d2t.patterns import deferred
from d2t.ready.script import Command, Group, Script, is_quiet
from d2t.ready.words import NotUnderstoodError

_SET_FLAGS = deferred(r"[-+][eux]+")


class Verdict(StrEnum):
    SAME = "same"  # the script succeeds exactly when the command does
    ALWAYS = "always"
    NEVER = "never"


def deciding(script: Script, *, errexit: bool = False) -> tuple[Command | None, Verdict]:
    """The one command that is not `exit`, `true`, `echo` and the like, and what its status means for the script's.

    The command is None when there is no such command. Raises NotUnderstoodError for several, and for a script that
    succeeds when its command fails.
    """
    probes = [command for command in _commands(script) if not _is_constant(command)]
    if len(probes) > 1:
        raise NotUnderstoodError(f"it runs several commands: {', '.join(f'`{probe.name}`' for probe in probes)}")
    succeeds, fails = _Run(0, errexit).outcome(script) == 0, _Run(1, errexit).outcome(script) == 0
    if succeeds == fails:
        return (probes[0] if probes else None), Verdict.ALWAYS if succeeds else Verdict.NEVER
    if fails:
        raise NotUnderstoodError("it succeeds when its command fails")
    return probes[0], Verdict.SAME


def _commands(script: Script) -> Iterator[Command]:
    for chain in script:
        for _, item in chain.items:
            if isinstance(item, Group):
                yield from _commands(item.body)
            else:
                yield item


def _is_constant(command: Command) -> bool:
    if not all(map(is_quiet, command.redirects)) or not command.words:
        return False
    words = [word.text for word in command.words]
    for word in command.words[1:]:
        if word.status and words[0] != "exit":
            raise NotUnderstoodError("it looks at the status of a command")
    match words:
        case ["true" | "false" | ":" | "echo" | "printf", *_]:
            return True
        case ["exit"]:
            return True
        case ["exit", status]:
            if command.words[1].status or re.fullmatch(r"[0-9]{1,3}", status):
                return True
            raise NotUnderstoodError("its exit status is not a number")
        case ["set", *flags] if flags and all(map(_SET_FLAGS.fullmatch, flags)):
            return True
    return False


class _Exit(Exception):
    pass


class _Run:
    """The statuses of a script's commands, when the one that is not constant has this status."""

    def __init__(self, probe: int, errexit: bool) -> None:
        self.probe = probe
        self.status = 0
        self.errexit = errexit
        self.ignored = 0  # how deep we are in what `set -e` does not look at: all of a chain but its last command

    def outcome(self, script: Script) -> int:
        with suppress(_Exit):
            self.script(script)
        return self.status

    def script(self, script: Script) -> None:
        for chain in script:
            counts = False
            for index, (joined, item) in enumerate(chain.items):
                if joined and (joined == "&&") != (self.status == 0):
                    counts = False
                    continue
                last = index == len(chain.items) - 1
                self.ignored += not last
                if isinstance(item, Group):
                    self.group(item)
                    counts = last and item.subshell
                else:
                    self.command(item)
                    counts = last
                self.ignored -= not last
            if self.errexit and not self.ignored and self.status != 0 and counts:
                raise _Exit

    def group(self, group: Group) -> None:
        if not group.subshell:
            self.script(group.body)
            return
        inner = _Run(self.probe, self.errexit)
        inner.status, inner.ignored = self.status, self.ignored
        self.status = inner.outcome(group.body)

    def command(self, command: Command) -> None:
        if not _is_constant(command):
            self.status = self.probe
            return
        match [word.text for word in command.words]:
            case ["false", *_]:
                self.status = 1
            case ["exit"] | ["exit", "$?"]:
                raise _Exit
            case ["exit", status]:
                self.status = int(status) % 256
                raise _Exit
            case ["set", *flags]:
                for flag in flags:
                    if "e" in flag:
                        self.errexit = flag[0] == "-"
                self.status = 0
            case _:
                self.status = 0
