"""USER: the service knows users by name only; other forms are kept with setpriv in front of each command."""

from __future__ import annotations

from d2t.dockerfile.expand import symbols
from d2t.dockerfile.source import Origin
from d2t.lower.accounts import Account, accounts, takes_ids
from d2t.lower.state import ROOT, Identity, Lowering
from d2t.patterns import deferred
from d2t.plan.build import BuildPlan, UserStep
from d2t.rules import behaviour

_NAME = deferred(r"[A-Za-z_][A-Za-z0-9_.-]*\$?\Z")
_ROOT_FORMS = frozenset(["", "root", "0", "0:0", "root:root", "0:root", "root:0"])


def free_reserved_user(state: Lowering) -> None:
    """Remove the service's own user first where the Dockerfile counts on its name or ids being free."""
    name = state.provider["runtime.reserved_user"]
    uid = str(state.provider["runtime.reserved_uid"])
    if not name or not (takes_ids(state.plan, name, uid) or _uses_uid(state.plan, uid)):
        return
    state.report(behaviour.uid_freed(state.plan.base_origin, state.provider))
    state.run_as_root(
        f"userdel --remove {name} 2>/dev/null || true",
        None,
        "the service's own user has a name and ids that Docker leaves free",
    )


def _uses_uid(plan: BuildPlan, uid: str) -> bool:
    users = [step.user for step in plan.steps if isinstance(step, UserStep)]
    return any(uid in user.split(":") for user in users)


def lower_user(state: Lowering, user: str, origin: Origin) -> None:
    """Change who the next commands run as."""
    if names := symbols(user):
        state.report(behaviour.value_needs_base(origin, "USER", ", ".join(f"${name}" for name in names)))
        return
    identity = identify(state, user)
    if identity.prefix:
        state.report(behaviour.user_by_id((origin, user), user))
    elif identity.name != ROOT and state.provider["runtime.creates_users"] and not _is_known(state, identity.name):
        why = "Docker refuses a user that does not exist; the service would create it"
        state.run_as_root(f"id -u {identity.name}", origin, why)
    if identity.name == state.provider["runtime.reserved_user"] and identity.name in accounts(state.plan):
        state.report(behaviour.service_user_has_sudo((origin, user), identity.name))
    state.identity = identity
    state.set_user(identity.name, origin)


def identify(state: Lowering, user: str) -> Identity:
    """Docker's `USER` as a user of the service, and what has to stand in front of its commands."""
    if user in _ROOT_FORMS:
        return Identity()
    name, colon, group = user.partition(":")
    known = accounts(state.plan)
    account = known.get(name) or next((one for one in known.values() if one.uid == name), None)
    if account is not None and not _needs_group(account, name, group):
        return Identity(account.name, own_group=account.own_group)
    if not colon and _NAME.match(name):
        return Identity(name, own_group=False)
    if not state.provider["runtime.users_by_name"] and not colon:
        return Identity(name, own_group=False)
    return Identity(ROOT, _setpriv(name, group if colon else None))


def _needs_group(account: Account, name: str, group: str) -> bool:
    """Whether `name:group` says something else than the account's own groups."""
    return bool(group) and (
        not account.own_group or account.more_groups or group not in (account.name, account.uid or None)
    )


def _is_known(state: Lowering, name: str) -> bool:
    if name in accounts(state.plan):
        return True
    config = state.plan.base_config
    return config is not None and config.user.partition(":")[0] == name


def _setpriv(name: str, group: str | None) -> tuple[str, ...]:
    """argv with bash words still to be expanded: see `run.wrapped`."""
    return (name, group if group is not None else "")


def prefix_text(identity: Identity) -> str:
    """The shell text that stands before a command of this identity: uid, gid, groups and HOME as Docker has them."""
    name, group = identity.prefix
    entry = f"$(getent passwd {name} || echo ::{name}:0::/)"
    gid = f"--regid={group}" if group else '--regid="$(echo "$u" | cut -d: -f4)"'
    return f'u="{entry}"; HOME="$(echo "$u" | cut -d: -f6)" exec setpriv --reuid={name} {gid} --clear-groups'
