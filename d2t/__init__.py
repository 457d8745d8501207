"""d2t turns Dockerfiles into sandbox templates, and says what cannot be turned."""

from __future__ import annotations

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
