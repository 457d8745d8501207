"""--chown and --chmod, as BuildKit understands them (solver/llbsolver/file)."""

from __future__ import annotations

import shlex

from d2t.lower.accounts import accounts
from d2t.lower.state import Lowering
from d2t.plan.build import CopyStep


def names(state: Lowering, step: CopyStep) -> tuple[str, str]:
    """User and group of what is copied; the group is "" where only the image knows it: the user's own."""
    if not step.owner:
        return "root", "root"
    user, colon, group = step.owner.partition(":")
    if colon and group:
        return user or "root", group
    if user.isdecimal():
        return user, user
    account = accounts(state.plan).get(user)
    return user, user if user == "root" or (account is not None and account.own_group) else ""


def words(user: str, group: str) -> str:
    """`user:group` for chown, as shell text."""
    return f"{shlex.quote(user)}:{shlex.quote(group) if group else ''}"


def parents(state: Lowering, step: CopyStep, folder: str) -> str:
    """The command that makes missing folders for a --chown, which gives them to the owner; "" where none is needed."""
    from d2t.lower.workdir import make_folder

    user, group = names(state, step)
    if user in ("root", "0") or folder in ("", "/"):
        return ""
    return make_folder(folder, user, group)
