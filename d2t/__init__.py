"""d2t turns Dockerfiles into sandbox templates, and says what cannot be turned."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from d2t.api import PlanResult, Result, lint, plan, transpile

__all__ = ["PlanResult", "Result", "__version__", "lint", "plan", "transpile"]


def __getattr__(name: str) -> Any:
    """The API is loaded when it is first used: `d2t --version` needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from d2t import api

    return getattr(api, name)


class _Function(ModuleType):
    """A package with the name of a function of the API: `d2t.plan` and `d2t.lint` can be called whether or not the package has
    been imported, which puts it in the function's place.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from d2t import api

        return getattr(api, self.__name__.rpartition(".")[2])(*args, **kwargs)


class _Package(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        if name in __all__ and isinstance(value, ModuleType):
            value.__class__ = _Function
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
