"""Template → code and JSON. A format is a module with `render(template, options) -> str`, and one line here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from d2t.template import Template

FORMATS = {
    "python": "d2t.emit.python",
    "python-async": "d2t.emit.python",
    "typescript": "d2t.emit.typescript",
    "json": "d2t.emit.json",
}


@dataclass(frozen=True, slots=True)
class Options:
    """How to emit."""

    format: str
    line_numbers: bool = False  # say which Dockerfile line a call comes from
    registry: bool = False  # take the registry's credentials from REGISTRY_USERNAME and REGISTRY_PASSWORD


def emit(template: Template, format: str, *, line_numbers: bool = False, registry: bool = False) -> str:
    """The template as code that builds it, or as the body of the API's request; it ends with a newline.

    Raises ValueError for an unknown format.
    """
    if format not in FORMATS:
        raise ValueError(f"unknown format {format!r}: one of {', '.join(FORMATS)}")
    text = importlib.import_module(FORMATS[format]).render(template, Options(format, line_numbers, registry))
    assert isinstance(text, str)
    return text
