"""`# d2t: KEY=VALUE` comments: what a Dockerfile tells this program alone."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from d2t.patterns import deferred

KEYS = ("ready", "start", "name", "cpu", "memory", "ignore")

_HINT = deferred(r"\s*#+\s*d2t\s*:\s*(?P<rest>.*?)\s*", re.IGNORECASE)
_NEARLY = deferred(rf"\s*#+\s*d2t\s+(?:{'|'.join(KEYS)})\s*[=:].*", re.IGNORECASE)
_KEY = deferred(r"(?P<key>[A-Za-z][A-Za-z_-]*)(?P<sign>\s*=)?(?P<value>.*)", re.DOTALL)
_CODES = deferred(r"(?P<codes>D2T[0-9]{3}(?:\s*,\s*D2T[0-9]{3})*)(?P<comma>\s*,)?(?:\s+(?P<reason>.*))?", re.IGNORECASE)
_WHOLE_LINE = frozenset({"start", "ignore"})  # their values reach to the end of the line; so does `ready=cmd:…`
_NUMBERS = {"cpu": "a number of CPUs, such as 2", "memory": "a number of MiB, such as 2048"}
_READY = deferred(r"(?:port|url|file|process|timeout|cmd):.+")


class Hint(NamedTuple):
    """One `key=value`, and the line that it stands on."""

    line: int
    key: str
    value: str


class Ignore(NamedTuple):
    """`ignore=CODE[,CODE…] [reason]`: codes in upper case."""

    line: int
    codes: tuple[str, ...]
    reason: str = ""


class Hints(NamedTuple):
    """What was read. `errors` are lines and what is wrong with them; such a line gives no hint."""

    values: Mapping[str, Hint] = MappingProxyType({})
    ignores: tuple[Ignore, ...] = ()
    errors: tuple[tuple[int, str], ...] = ()

    def text(self, key: str) -> str:
        """The value of `ready`, `start` or `name`, "" for none."""
        return self.values[key].value if key in self.values else ""

    def number(self, key: str) -> int | None:
        """The value of `cpu`, or of `memory` in MiB."""
        return int(self.values[key].value) if key in self.values else None


def read(comments: Iterable[tuple[int, str]]) -> Hints:
    """The hints in a Dockerfile's comments, `(line, text with its "#")`, in file order.

    `# d2t: name=web cpu=2 memory=2048` holds three. A value is one word; `start=`, `ready=cmd:` and `ignore=` reach to
    the end of the line. Keys other than `ignore` count once in a file: the first stays, the next is an error.
    """
    values: dict[str, Hint] = {}
    ignores: list[Ignore] = []
    errors: list[tuple[int, str]] = []
    for line, text in comments:
        found = _HINT.fullmatch(text)
        if found is None:
            if _NEARLY.fullmatch(text):
                errors.append((line, "a hint begins with `# d2t:`: the colon is missing"))
            continue
        try:
            own: dict[str, Hint] = {}
            ignored: list[Ignore] = []
            for key, value in _split(found["rest"]):
                if key == "ignore":
                    ignored.append(_ignore(line, value))
                else:
                    _check(key, value)
                    if earlier := values.get(key) or own.get(key):
                        raise ValueError(f"`{key}` is already set on line {earlier.line}")
                    own[key] = Hint(line, key, value)
        except ValueError as error:
            errors.append((line, str(error)))
        else:
            values |= own
            ignores += ignored
    return Hints(MappingProxyType(values), tuple(ignores), tuple(errors))


def _split(rest: str) -> list[tuple[str, str]]:
    if not rest:
        raise ValueError(f"the hint is empty: {_allowed()}")
    found: list[tuple[str, str]] = []
    while rest:
        match = _KEY.fullmatch(rest)
        if match is None or (key := match["key"].lower()) not in KEYS:
            word = re.split(r"[=\s]", rest)[0]
            raise ValueError(f"`{word}` is no hint: {_allowed()}")
        value = match["value"]
        if match["sign"] != "=" or value[:1].isspace():
            raise ValueError(f"write `{key}=VALUE`, without blanks around `=`")
        if key in _WHOLE_LINE or (key == "ready" and value.startswith("cmd:")):
            return [*found, (key, value)]
        word, *others = re.split(r"\s+", value, maxsplit=1)
        found.append((key, word))
        rest = "".join(others)
    return found


def _allowed() -> str:
    return f"it is one of {', '.join(f'{key}=' for key in KEYS)}"


def _check(key: str, value: str) -> None:
    if not value or not value.isprintable():
        raise ValueError(f"`{key}=` has no value")
    if key in _NUMBERS and (not re.fullmatch(r"[0-9]{1,9}", value) or not int(value)):
        raise ValueError(f"`{key}={value}` is not {_NUMBERS[key]}")
    if key == "ready" and not _READY.fullmatch(value):
        raise ValueError(f"`ready={value}` is not one of port:, url:, file:, process:, timeout: or cmd: with its value")


def _ignore(line: int, value: str) -> Ignore:
    found = _CODES.fullmatch(value)
    if found is None or found["comma"]:
        raise ValueError("`ignore=` takes codes such as D2T203, separated by commas, and then a reason")
    codes = tuple(code.strip().upper() for code in found["codes"].split(","))
    return Ignore(line, tuple(dict.fromkeys(codes)), found["reason"] or "")
