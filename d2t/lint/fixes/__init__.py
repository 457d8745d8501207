"""Fixes: one function a rule. A fix is offered only when the planner says that the fixed file does what is intended."""

from d2t.lint.fixes.situation import FIXES, Fix, Situation

__all__ = ["FIXES", "Fix", "Situation"]

from d2t.lint.fixes import add, comment, expose, health, user  # noqa: F401 - they register themselves
