"""Sandbox services as data: one TOML file each, read by this module alone.

A file holds facts, `{ value, source, assumed? }`, in sections. `extends` names another provider whose facts hold where
the file says nothing (`e2b` when it does not say); those count as assumed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

DEFAULT = "baidu"
_FOLDER = os.path.dirname(__file__)
ROOT = "e2b"  # its file has every fact


class ProviderError(ValueError):
    """No such provider, or its file is not one."""


class Fact(NamedTuple):
    """What is known of a provider, and how."""

    value: Any
    source: str
    assumed: bool = False  # no page of the provider says it


@dataclass(frozen=True, slots=True)
class Provider:
    """One sandbox service. `facts` is keyed by "section.name", e.g. "instructions.copy"."""

    id: str
    title: str
    facts: Mapping[str, Fact]

    def __getitem__(self, key: str) -> Any:
        """The value of a fact.

        Raises KeyError for a name that the root file `e2b.toml` does not have either.
        """
        return self.facts[key].value

    def source(self, key: str) -> str:
        """Where a fact comes from, as a user would cite it."""
        fact = self.facts[key]
        return f"assumed: {fact.source}" if fact.assumed else fact.source

    def __hash__(self) -> int:
        return hash(self.id)


def names() -> tuple[str, ...]:
    """The ids of the providers that d2t ships, the default first."""
    found = sorted(name.removesuffix(".toml") for name in os.listdir(_FOLDER) if name.endswith(".toml"))
    return (DEFAULT, *(name for name in found if name != DEFAULT))


@cache
def load(name: str = DEFAULT) -> Provider:
    """The provider with this id, or the one that the TOML file at this path describes.

    Raises ProviderError.
    """
    if name.endswith(".toml"):
        try:
            return _parse(_read(name), name)
        except (OSError, UnicodeDecodeError) as error:
            raise ProviderError(f"cannot read the provider file {name}: {error}") from None
    if name not in names():
        known = ", ".join(names())
        raise ProviderError(f"there is no provider {name!r}: it is one of {known}, or the path of a .toml file")
    return _parse(_read(os.path.join(_FOLDER, f"{name}.toml")), name)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _parse(text: str, name: str) -> Provider:
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProviderError(f"{name} is not TOML: {error}") from None
    for key in ("id", "title"):
        if not isinstance(data.get(key), str):
            raise ProviderError(f"{name} has no text under {key!r}")
    facts: dict[str, Fact] = {}
    parent = data.get("extends", ROOT)
    if name != ROOT:
        if not isinstance(parent, str) or parent == name:
            raise ProviderError(f"{name}: `extends` is the id of another provider")
        base = load(parent)
        facts.update((key, Fact(fact.value, fact.source, assumed=True)) for key, fact in base.facts.items())
    own = {
        f"{section}.{key}": entry
        for section, entries in data.items()
        if isinstance(entries, dict)
        for key, entry in entries.items()
    }
    for key, entry in own.items():
        if not isinstance(entry, dict) or "value" not in entry or not isinstance(entry.get("source"), str):
            raise ProviderError(f'{name}: {key} is not a fact `{{ value = …, source = "…" }}`')
        if name != ROOT and key not in facts:
            raise ProviderError(f"{name}: there is no fact {key!r} (see {ROOT}.toml)")
        if key in facts and type(facts[key].value) is not type(entry["value"]):
            raise ProviderError(f"{name}: {key} must be of type {type(facts[key].value).__name__}")
        facts[key] = Fact(entry["value"], entry["source"], bool(entry.get("assumed", False)))
    return Provider(data["id"], data["title"], MappingProxyType(facts))
