"""Variables: BuildKit's shell lexer over an environment that may be known only in part.

A variable that only the base image could define, while its config is not known, stays *symbolic*: its place in the value
is held by a mark that no Dockerfile can contain (two lone surrogates around the name).
"""

from __future__ import annotations

from collections.abc import Mapping

from d2t.dockerfile.port import ShellLex
from d2t.patterns import deferred

_OPEN, _CLOSE = "\ud8fe", "\ud8ff"
_MARK = deferred(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_SPECIAL = deferred(r"""[$'"\\`]""")


class ExpansionError(ValueError):
    """A word that BuildKit cannot expand, in its words."""


class Env:
    """Variables in scope. With `open`, names that are missing may yet be defined by the base image."""

    __slots__ = ("assumed", "open", "values")

    def __init__(self, values: Mapping[str, str], open: bool = False) -> None:
        self.values = dict(values)
        self.open = open
        self.assumed: dict[str, None] = {}  # names taken as unset although the base image may define them

    def copy(self) -> Env:
        other = Env(self.values, self.open)
        other.assumed = self.assumed
        return other


class _Lookup(Mapping[str, str]):
    """What the lexer sees: symbolic marks for what may come from the base image; remembers which it gave."""

    __slots__ = ("env", "given")

    def __init__(self, env: Env) -> None:
        self.env = env
        self.given: list[str] = []

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        value = self.env.values.get(key)
        if value is None and self.env.open and key.isidentifier():
            self.given.append(key)
            return f"{_OPEN}{key}{_CLOSE}"
        return value if value is not None else default

    def __getitem__(self, key: str) -> str:
        raise KeyError(key)

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.env.values)

    def __len__(self) -> int:
        return len(self.env.values)


def expand(word: str, env: Env, escape: str = "\\") -> str:
    """One word with its variables replaced and its quotes and escapes resolved. Raises ExpansionError."""
    if not _SPECIAL.search(word):
        return word
    return _run(word, env, escape, raw=False, split=False)[0]


def expand_words(word: str, env: Env, escape: str = "\\") -> list[str]:
    """The same, split at blanks after the expansion. Raises ExpansionError."""
    return _run(word, env, escape, raw=False, split=True)


def expand_document(content: str, env: Env) -> str:
    """A heredoc's content: variables and escapes only, quotes stay. Raises ExpansionError."""
    if not _SPECIAL.search(content):
        return content
    return _run(content, env, "\\", raw=True, split=False)[0]


def _run(word: str, env: Env, escape: str, raw: bool, split: bool) -> list[str]:
    lookup = _Lookup(env)
    result = _lex(word, lookup, escape, raw, split)
    if not lookup.given:
        return result
    # Where only `$NAME` and `${NAME}` are used, the marks stand exactly where an empty value would: the value is
    # symbolic. Modifiers (`${NAME:-x}`) depend on the value itself: then the name is taken as unset.
    unset = _lex(word, env.values, escape, raw, split)
    if [_MARK.sub("", part) for part in result] == [_MARK.sub("", part) for part in unset] or (split and not unset):
        return result
    env.assumed.update(dict.fromkeys(lookup.given))
    return unset


def _lex(word: str, env: Mapping[str, str], escape: str, raw: bool, split: bool) -> list[str]:
    lex = ShellLex(escape, skip_process_quotes=raw, env=env, skip_unset_env=False)
    try:
        return lex.process_words(word) if split else [lex.process_word(word)]
    except ValueError as error:
        reason = str(error).removeprefix(f"failed to process {word!r}: ")
        for char, name in (("'", "single-quote"), ('"', "double-quote")):
            reason = reason.replace(f"looking for matching {char}", f"looking for matching {name}")
        raise ExpansionError(f"failed to process {quoted(word)}: {reason}") from None


def quoted(text: str) -> str:
    """Go's %q for the characters that matter."""
    out = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return f'"{out}"'


def symbols(value: str) -> tuple[str, ...]:
    """The names that a symbolic value leaves to the base image, in order."""
    return tuple(dict.fromkeys(_MARK.findall(value))) if _OPEN in value else ()


def shown(value: str) -> str:
    """A value for people and for JSON: `${NAME}` where it is symbolic."""
    return _MARK.sub(r"${\1}", value).replace(_OPEN, "").replace(_CLOSE, "") if _OPEN in value else value


def pieces(value: str) -> list[tuple[str, bool]]:
    """A symbolic value as (text, is_name) pairs: literal text, and names of the base image's variables."""
    found, position = [], 0
    for match in _MARK.finditer(value):
        if match.start() > position:
            found.append((value[position : match.start()], False))
        found.append((match[1], True))
        position = match.end()
    if position < len(value):
        found.append((value[position:], False))
    return found
