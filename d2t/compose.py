"""The healthcheck of a service in a compose file, for use as a ready hint. Nothing else of the file is read."""

from __future__ import annotations

import re
from typing import Any

_INTERPOLATION = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_][A-Za-z0-9_]*)"
    r"|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<sign>:?[-?+])(?P<word>[^${}]*))?\}|(?P<wrong>.?))",
    re.DOTALL,
)


def healthcheck(text: str, service: str = "") -> tuple[str, ...] | None:
    """The `test` of a service's healthcheck, as an image config has it: `("CMD", …)`, `("CMD-SHELL", …)`, `("NONE",)`.

    None when the file leaves the check to the image. `service` may be "" when the file has one service only.

    `$$` is compose's way to write `$`. `${NAME:-default}` gives its default: compose would look into the environment
    of whoever runs it, which is not read here. `${NAME}` alone therefore raises. `extends` is followed in this file.

    Raises ValueError with one line that says what is wrong, without the file's name.
    """
    services = _services(text)
    if not service:
        if len(services) > 1:
            raise ValueError(f"it has several services, say which with --service: {', '.join(sorted(services))}")
        service = next(iter(services))
    test = _merged(services, service, ()).get("test")
    return None if test is None or test == [] else _test(test, service)


def _services(text: str) -> dict[str, Any]:
    import yaml  # takes longer than all of the command line

    class Loader(yaml.SafeLoader):
        """With compose's own tags: `!reset` empties an entry, `!override` replaces one."""

    Loader.add_constructor("!reset", lambda loader, node: None)
    Loader.add_multi_constructor("!override", _override)
    try:
        data = yaml.load(text, Loader)  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ValueError(f"it is not YAML: {error.problem}{f' (line {mark.line + 1})' if mark else ''}") from None
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise ValueError(f"it is not YAML: {' '.join(str(error).split()) or type(error).__name__}") from None
    services = data.get("services") if isinstance(data, dict) else None
    if not isinstance(services, dict) or not services:
        raise ValueError("it has no `services`")
    return {str(name): entry for name, entry in services.items()}


def _override(loader: Any, suffix: str, node: Any) -> Any:
    kind = type(node).__name__
    if kind == "MappingNode":
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(node, deep=True) if kind == "SequenceNode" else loader.construct_scalar(node)


def _merged(services: dict[str, Any], service: str, through: tuple[str, ...]) -> dict[str, Any]:
    """The healthcheck's entries, those of the service that this one extends included."""
    if service not in services:
        raise ValueError(f"it has no service {service!r}, it has {', '.join(sorted(services))}")
    if service in through:
        raise ValueError(f"service {service!r} extends itself")
    entry = services[service] or {}
    if not isinstance(entry, dict):
        raise ValueError(f"service {service!r} is not a mapping")
    own = entry.get("healthcheck") or {}
    if not isinstance(own, dict):
        raise ValueError(f"the healthcheck of {service!r} is not a mapping")
    if own.get("disable") in (True, "true"):
        return {"test": ["NONE"]}
    if own.get("test") is not None or not (extends := entry.get("extends")):
        return own
    parent = extends.get("service") if isinstance(extends, dict) else extends
    if isinstance(extends, dict) and extends.get("file"):
        raise ValueError(f"service {service!r} extends one of another file: name that file and its service instead")
    if not isinstance(parent, str):
        raise ValueError(f"`extends` of {service!r} names no service")
    return {**_merged(services, parent, (*through, service)), **own}


def _test(test: Any, service: str) -> tuple[str, ...]:
    if isinstance(test, str):
        words = ["NONE"] if test.strip() == "NONE" else ["CMD-SHELL", test]
    elif isinstance(test, list) and all(isinstance(word, str) or type(word) is int for word in test):
        words = [str(word) for word in test]
    else:
        raise ValueError(f"the healthcheck's `test` of {service!r} is neither a text nor a list of texts")
    words = [_interpolated(word, service) for word in words]
    if words[0] not in ("NONE", "CMD", "CMD-SHELL"):
        raise ValueError(f"the healthcheck's `test` of {service!r} does not begin with NONE, CMD or CMD-SHELL")
    if words[0] != "NONE" and not any(words[1:]):
        raise ValueError(f"the healthcheck's `test` of {service!r} has no command")
    return ("NONE",) if words[0] == "NONE" else tuple(words)


def _interpolated(text: str, service: str) -> str:
    def replace(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "$"
        match found["sign"]:
            case "-" | ":-":
                return str(found["word"])
            case "+" | ":+":
                return ""
        name = found["plain"] or found["name"]
        if name:
            raise ValueError(
                f"the healthcheck of {service!r} uses ${name}, which compose takes from the environment it runs in: "
                f"write $${name} for the container's, or ${{{name}:-VALUE}}"
            )
        raise ValueError(f"the healthcheck of {service!r} holds a `$` that compose does not take: write $$")

    return _INTERPOLATION.sub(replace, text)
