"""Regular expressions that are compiled when they are first used: most runs of a command use few of them."""

from __future__ import annotations

import re
from typing import Any, cast

_METHODS = ("search", "match", "fullmatch", "sub", "finditer", "findall", "split")


class _Deferred:
    """Stands in for a `re.Pattern`; its methods become attributes of this object with the first use of one."""

    def __init__(self, text: str, flags: int) -> None:
        self._source = (text, flags)

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(*self._source)
        self.__dict__.update((method, getattr(compiled, method)) for method in _METHODS)
        return getattr(compiled, name)


def deferred(text: str, flags: int = 0) -> re.Pattern[str]:
    """As `re.compile`, but for functions of `re` that take a pattern: call the pattern's own methods."""
    return cast(re.Pattern[str], _Deferred(text, flags))
