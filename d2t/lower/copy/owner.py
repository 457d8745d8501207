"""--chown and --chmod, as BuildKit understands them (solver/llbsolver/ops/user_linux.go, dchapes-mode)."""

from __future__ import annotations

import re
import shlex

from d2t.lower.accounts import accounts
from d2t.lower.copy import place
from d2t.lower.state import Lowering
from d2t.patterns import deferred
from d2t.plan.build import CopyStep, RunStep, UserStep
from d2t.rules import support

_ROOT = ("", "0", "root")
_EVERYWHERE = frozenset("root daemon bin sys mail nobody node www-data nginx postgres mysql redis".split())
_CLAUSE = deferred(r"([ugoa]*)((?:[-+=][rwxXst]*)+)")
_ACTION = deferred(r"([-+=])([rwxXst]*)")
_BITS = {"u": (0o700, 0o4000), "g": (0o070, 0o2000), "o": (0o007, 0)}
_LETTERS = {"r": 0o444, "w": 0o222, "x": 0o111}


def names(step: CopyStep) -> tuple[str, str]:
    """User and group of what is copied; the group is "" for the user's own, which only the image knows."""
    user, _, group = step.owner.partition(":")
    if user in _ROOT:
        return "root", "root" if group in _ROOT else group
    return user, group or (user if user.isdecimal() else "")


def is_root(step: CopyStep) -> bool:
    return names(step) == ("root", "root")


def word(step: CopyStep) -> str:
    """`user:group` as chown takes it; `user:` is the user's own group."""
    return ":".join(names(step))


def ensure(state: Lowering, step: CopyStep) -> None:
    """Fail the build for names that do not exist: Docker takes root for them, the service would leave another owner."""
    user, group = names(step)
    for name, command in ((user, "id -u"), (group, "getent group")):
        if name and not name.isdecimal() and not _is_known(state, step, name):
            check = f"{command} {shlex.quote(name)}"
            if not any(getattr(other, "command", "") == check for other in state.steps):
                state.report(support.owner_assumed((step.origin, name), name))
                state.run_as_root(
                    check, step.origin, f"without {name} the files would get another owner than in Docker"
                )


def _is_known(state: Lowering, step: CopyStep, name: str) -> bool:
    """Whether something says that the image has this user or group: a base image, or an earlier step."""
    if name in _EVERYWHERE or name in accounts(state.plan):
        return True
    config = state.plan.base_config
    users = [config.user] if config is not None else []
    for earlier in place.earlier(state, step):
        if isinstance(earlier, UserStep):
            users.append(earlier.user)
        elif isinstance(earlier, RunStep) and re.search(
            rf"(?<![\w-]){re.escape(name)}(?![\w-])", place.script(earlier)
        ):
            return True
    return any(name in user.split(":") for user in users)


def make_parents(state: Lowering, step: CopyStep, folder: str) -> None:
    """Make missing folders for an owner other than root: Docker gives them to it."""
    if is_root(step) or place.is_folder(state, step, folder):
        return
    missing = [part for part in _levels(folder) if not place.is_folder(state, step, part)]
    user, group = (shlex.quote(name) if name else "" for name in names(step))
    make = f"install -d -o {user} -g {group or f'$(id -g {user})'}"
    if len(missing) == 1:
        command = f"[ -d {shlex.quote(folder)} ] || {make} {shlex.quote(folder)}"
    else:
        command = f'for d in {shlex.join(missing)}; do [ -d "$d" ] || {make} "$d"; done'
    state.run_as_root(command, step.origin, f"folders that {step.keyword} makes belong to {step.owner}")


def _levels(folder: str) -> list[str]:
    """A folder and those above it, the highest first."""
    parts = folder.strip("/").split("/")
    return ["/" + "/".join(parts[: count + 1]) for count in range(len(parts))]


def mode(step: CopyStep, before: int, is_dir: bool = False) -> int:
    """The permission bits that --chmod leaves of a file's own."""
    if not step.mode or step.mode[0].isdigit():
        return int(step.mode, 8) if step.mode else before
    for who, actions in _CLAUSE.findall(step.mode):
        for operator, letters in _ACTION.findall(actions):
            before = _applied(before, who or "a", operator, letters, is_dir)
    return before


def _applied(before: int, who: str, operator: str, letters: str, is_dir: bool) -> int:
    mask = special = 0
    for name in "ugo" if "a" in who else who:
        mask |= _BITS[name][0]
        special |= _BITS[name][1]
    bits = 0
    for letter in letters:
        if letter == "X":
            bits |= 0o111 if is_dir or before & 0o111 else 0
        elif letter == "s":
            bits |= 0o6000
        elif letter == "t":
            bits |= 0o1000
        else:
            bits |= _LETTERS[letter]
    bits &= mask | special | 0o1000
    if operator == "+":
        return before | bits
    return before & ~bits if operator == "-" else before & ~mask | bits
