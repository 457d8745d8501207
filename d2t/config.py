"""Settings from files: `[tool.d2t]` of a `pyproject.toml`, a `d2t.toml`, or the `e2b.toml` of E2B's own CLI.

They stand in for options that are not given. The file nearest to the Dockerfile counts, alone: nothing is merged.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, NamedTuple


class ConfigError(ValueError):
    """A file of settings is wrong; the message names the file and the key, in one line."""


class Kind(NamedTuple):
    """What a key may hold."""

    name: str  # as in "must be …"
    accepts: Callable[[Any], bool]


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


TEXT = Kind("a text", lambda value: isinstance(value, str))
COUNT = Kind("a whole number above 0", lambda value: type(value) is int and value > 0)
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
TEXTS = Kind("a list of texts", _texts)
TABLE = Kind("a table of texts", lambda value: isinstance(value, dict) and _texts([*value.values()]))
TABLE_OF_TEXTS = Kind(
    "a table of lists of texts", lambda value: isinstance(value, dict) and all(map(_texts, value.values()))
)
RESOLVE_BASE = ("auto", "engine", "registry", "never")  # where the configs of base images are looked for
ONE_OF_RESOLVE_BASE = Kind("auto, engine, registry or never", lambda value: value in RESOLVE_BASE)
PATH = Kind("the path of a file, from the folder of this one", TEXT.accepts)
PROVIDER = Kind("a provider's name, or the path of its .toml file from the folder of this one", TEXT.accepts)


def _key(kind: Kind, default: Any, *, of_template: bool = False, e2b: str = "") -> Any:
    """One setting: what it may hold, whether it is about one template only, and its name in an `e2b.toml`."""
    metadata = {"kind": kind, "of_template": of_template, "e2b": e2b}
    return (
        field(default_factory=dict, metadata=metadata) if default is dict else field(default=default, metadata=metadata)
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """What a file says; defaults for what it does not say.

    This is the table of all keys: a field `per_file_ignores` is the key `per-file-ignores`. Paths have been joined to the
    folder of the file that holds them.
    """

    file: str = ""  # where they come from, "" for no file
    dockerfile: str = _key(PATH, "", e2b="dockerfile")  # with it, the keys of a template count for this file alone
    provider: str = _key(PROVIDER, "")
    name: str = _key(TEXT, "", of_template=True, e2b="template_name")
    cpu: int | None = _key(COUNT, None, of_template=True, e2b="cpu_count")
    memory: int | None = _key(COUNT, None, of_template=True, e2b="memory_mb")  # MiB
    start: str = _key(TEXT, "", of_template=True, e2b="start_cmd")
    ready: str = _key(TEXT, "", of_template=True, e2b="ready_cmd")  # a hint, such as "port:8080"
    target: str = _key(TEXT, "", of_template=True)
    from_template: str = _key(TEXT, "", of_template=True)
    user: str = _key(TEXT, "", of_template=True)
    workdir: str = _key(TEXT, "", of_template=True)
    base_config: str = _key(PATH, "", of_template=True)
    resolve_base: str = _key(ONE_OF_RESOLVE_BASE, "")
    build_args: Mapping[str, str] = _key(TABLE, dict)
    allow: tuple[str, ...] = _key(TEXTS, ())
    persist_env: bool = _key(FLAG, True)
    select: tuple[str, ...] = _key(TEXTS, ())  # of `d2t lint`: codes of rules, or their beginnings
    ignore: tuple[str, ...] = _key(TEXTS, ())
    per_file_ignores: Mapping[str, tuple[str, ...]] = _key(TABLE_OF_TEXTS, dict)  # globs, from the folder of the file
    severity: Mapping[str, str] = _key(TABLE, dict)  # of codes, or their beginnings: error, warning or info


_FIELDS = {item.name.replace("_", "-"): item for item in fields(Settings) if item.metadata}
_E2B = {item.metadata["e2b"]: item for item in _FIELDS.values() if item.metadata["e2b"]}
_E2B_OLD = {"name": "template_name"}  # E2B's CLI, config/index.ts: what older versions wrote


class Finder:
    """Finds the settings of Dockerfiles, reading each file and looking into each folder once."""

    def __init__(self) -> None:
        self._folders: dict[str, tuple[Settings, ...]] = {}

    def of(self, dockerfile: str | os.PathLike[str]) -> Settings:
        """The settings for a Dockerfile, which need not exist.

        Raises ConfigError.
        """
        path = os.path.abspath(dockerfile)
        folder = os.path.dirname(path)
        while True:
            for settings in self._in(folder):
                if not settings.dockerfile or os.path.realpath(settings.dockerfile) == os.path.realpath(path):
                    return settings
                if (
                    os.path.basename(settings.file) != "e2b.toml"
                ):  # an e2b.toml is about its one Dockerfile, and no other
                    return _without_template(settings)
            parent = os.path.dirname(folder)
            if parent == folder:
                return Settings()
            folder = parent

    def default_dockerfile(self, folder: str = "") -> str:
        """The Dockerfile that a folder's own file of settings names, "" for none.

        Raises ConfigError.
        """
        return next((settings.dockerfile for settings in self._in(os.path.abspath(folder))), "")

    def _in(self, folder: str) -> tuple[Settings, ...]:
        if folder not in self._folders:
            found = (_read(os.path.join(folder, name), section) for name, section in _FILES)
            self._folders[folder] = tuple(settings for settings in found if settings is not None)
        return self._folders[folder]


_FILES = (("d2t.toml", ()), ("pyproject.toml", ("tool", "d2t")), ("e2b.toml", ()))  # the first in a folder wins


def _without_template(settings: Settings) -> Settings:
    kept = {
        item.name: getattr(settings, item.name)
        for item in fields(Settings)
        if not item.metadata.get("of_template", False)
    }
    return Settings(**kept)


def _read(path: str, section: tuple[str, ...]) -> Settings | None:
    """The settings of one file, None when it is missing or has no section of ours."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from None
    if not all(name.encode() in data for name in section):
        return None  # most projects' pyproject.toml: not parsed, so that it costs no time and its errors are not ours
    import tomllib

    try:
        table: Any = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not TOML: {' '.join(str(error).split())}") from None
    for name in section:
        table = table.get(name)
        if table is None:
            return None
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: `{name}` is not a table")
    if os.path.basename(path) == "e2b.toml":
        return _from_e2b(path, table)
    prefix = "".join(f"{name}." for name in section)
    return _settings(path, table, prefix)


def _settings(path: str, table: Mapping[str, Any], prefix: str) -> Settings:
    values: dict[str, Any] = {}
    for key, value in table.items():
        item = _FIELDS.get(key)
        if item is None:
            raise ConfigError(f"{path}: there is no key `{prefix}{key}`{_similar(key)}")
        values[item.name] = _checked(path, f"{prefix}{key}", item.metadata["kind"], value)
    return Settings(file=path, **values)


def _from_e2b(path: str, table: Mapping[str, Any]) -> Settings:
    """E2B's keys under our names. Keys that we have no use for are passed over, as E2B's CLI passes over others'."""
    values: dict[str, Any] = {"dockerfile": _checked(path, "dockerfile", PATH, "Dockerfile")}
    for key in [*(key for key in _E2B_OLD if _E2B_OLD[key] not in table), *_E2B]:
        if key in table:
            item = _E2B[_E2B_OLD.get(key, key)]
            values[item.name] = _checked(path, key, item.metadata["kind"], table[key])
    if "ready" in values:
        values["ready"] = f"cmd:{values['ready']}"
    return Settings(file=path, **values)


def _checked(path: str, key: str, kind: Kind, value: Any) -> Any:
    if not kind.accepts(value):
        raise ConfigError(f"{path}: `{key}` must be {kind.name}, not {_shown(value)}")
    if kind is PATH or (kind is PROVIDER and value.endswith(".toml")):
        return os.path.normpath(os.path.join(os.path.dirname(path), value)) if value else ""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return MappingProxyType({name: tuple(item) if isinstance(item, list) else item for name, item in value.items()})
    return value


def _shown(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return f'"{value}"' if value.isprintable() and len(value) < 40 else "that text"
        case list():
            return "a list" if not _texts(value) else "a list of texts"
        case dict():
            return "a table"
    return "a date or time"


def _similar(key: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key.replace("_", "-").lower(), _FIELDS, 1)
    return f": did you mean `{close[0]}`?" if close else f" (the keys are {', '.join(_FIELDS)})"
