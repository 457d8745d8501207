"""`RUN --mount`, read and expanded as BuildKit's `parseMount`."""

from __future__ import annotations

import csv
import posixpath
from collections.abc import Callable

from d2t.patterns import deferred
from d2t.plan.build import Mount
from d2t.plan.paths import clean

_TYPES = ("bind", "cache", "tmpfs", "secret", "ssh")
_SHARING = ("shared", "private", "locked")
_BOOLS = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}
_NUMBERS = {"mode": 8, "uid": 10, "gid": 10}
_SIZE = deferred(r"\d+(?:\.\d+)?\s?[kKmMgGtTpP]?[iI]?[bB]?\Z")
_ALIASES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly", "rw": "readwrite"}
_KEYS = (
    *_NUMBERS,
    "type",
    "from",
    "source",
    "target",
    "readonly",
    "readwrite",
    "id",
    "sharing",
    "required",
    "size",
    "env",
)


class MountError(ValueError):
    """A mount that BuildKit refuses, in its words."""


def parse(text: str, expand: Callable[[str], str], workdir: str) -> Mount:
    """One mount. `expand` replaces variables; a relative target joins `workdir`. Raises MountError."""
    values: dict[str, str] = {}
    kind, read_only = "bind", None
    try:
        fields = next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise MountError(f"failed to parse csv mounts: {error}") from None
    for field in fields:
        name, equals, value = field.partition("=")
        key = _ALIASES.get(name.lower(), name.lower())
        if not equals:
            if key in ("readonly", "readwrite"):
                read_only = key == "readonly"
            elif key == "required":
                _only_for(key, kind, "secret", "ssh")
            else:
                raise MountError(f"invalid field '{field}' must be a key=value pair")
            continue
        value = expand(value)
        if key not in _KEYS:
            raise MountError(f"unexpected key '{key}' in '{field}'")
        if key == "type":
            kind = value.lower()
            if kind not in _TYPES:
                raise MountError(f'unsupported mount type "{value}"')
        elif key in ("readonly", "readwrite"):
            read_only = _bool(name, value) == (key == "readonly")
        elif key == "required":
            _only_for(key, kind, "secret", "ssh")
            _bool(name, value)
        elif key == "size":
            _only_for(key, kind, "tmpfs")
            if not _SIZE.match(value):
                raise MountError(f"invalid value for {key}: {value}")
        elif key == "sharing" and value.lower() not in _SHARING:
            raise MountError(f'unsupported sharing value "{value}"')
        elif key in _NUMBERS:
            _number(key, value)
        values[key] = value
    return _mount(kind, values, read_only, workdir)


def _mount(kind: str, values: dict[str, str], read_only: bool | None, workdir: str) -> Mount:
    if kind in ("bind", "tmpfs"):
        for key in _NUMBERS:
            if key in values:
                raise MountError(f'{key} not allowed for "{kind}" type mounts')
    if kind == "secret":
        if values.get("from"):
            raise MountError("secret mount should not have a from")
        if values.get("sharing"):
            raise MountError("secret mount should not define sharing")
        if not any(values.get(key) for key in ("source", "target", "id")):
            raise MountError("invalid secret mount. one of source, target required")
        if values.get("source") and values.get("id"):
            raise MountError("both source and id can't be set")
    if values.get("sharing") and kind != "cache":
        raise MountError(f"invalid cache sharing set for {kind} mount")
    target, id = values.get("target", ""), values.get("id", "")
    if kind == "secret":
        id = id or values.get("source") or posixpath.basename(target)
        if not target and "env" not in values:
            target = f"/run/secrets/{posixpath.basename(id)}"
    elif kind == "ssh":
        target = target or "/run/buildkit/ssh_agent.0"
    else:
        if not clean(target).startswith("/"):
            target = clean(f"/{workdir}/{target}")
        if target == "/":
            raise MountError(f'invalid mount target "{target}"')
    if read_only is None:
        read_only = kind not in ("cache", "tmpfs")
    return Mount(kind, target, values.get("source", ""), values.get("from", ""), id, read_only, values.get("env", ""))


def source_name(text: str) -> str:
    """The stage or image of a mount's `from=`, unexpanded; "" for none."""
    for field in text.split(","):
        key, _, value = field.partition("=")
        if key.lower() == "from":
            return value
    return ""


def _only_for(key: str, kind: str, *kinds: str) -> None:
    if kind not in kinds:
        raise MountError(f"unexpected key '{key}' for mount type '{kind}'")


def _bool(key: str, value: str) -> bool:
    found = _BOOLS.get(value if value in ("t", "f", "T", "F") else value.lower())
    if found is None:
        raise MountError(f"invalid value for {key}: {value}")
    return found


def _number(key: str, value: str) -> None:
    try:
        number = int(value, _NUMBERS[key])
    except ValueError:
        number = -1
    if not 0 <= number < 2**32 or not value.isalnum():
        raise MountError(f"invalid value {value} for {key}")
