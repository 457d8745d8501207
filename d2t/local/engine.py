"""The container engine that executes builds, and how one is chosen."""

from __future__ import annotations

from d2t.local.builder import Builder, Validator

CHOICES = ("auto", "docker", "none")


class EngineError(Exception):
    """There is no engine to use; the text says why."""


def builder(choice: str, step_timeout: float | None = None) -> Builder:
    """What executes builds: `auto` takes a reachable engine, else none.

    Raises EngineError when `docker` was asked for and cannot be used.
    """
    if choice == "docker":
        raise EngineError("no Docker engine is reachable")
    return Validator()
