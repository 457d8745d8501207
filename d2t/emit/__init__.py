"""Template → code and JSON. A format is a module with `render(template, options) -> str`, and one line here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from d2t import providers
from d2t.providers import Provider
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
    line_numbers: bool  # say which Dockerfile line a call comes from
    provider: Provider  # whose address and resources the code names
    context: str  # the build context's folder, as seen from the folder of the code; "" and "." for that one
    registry: bool  # take the registry's credentials from REGISTRY_USERNAME and REGISTRY_PASSWORD


def emit(
    template: Template,
    format: str,
    *,
    line_numbers: bool = False,
    context: str = "",
    registry: bool = False,
    provider: Provider | None = None,
) -> str:
    """The template as code that builds it, or as the body of the API's request; it ends with a newline.

    `context` is where COPY's files are: a path relative to the folder that the code will be in, "" when they are there.
    JSON has no `filesHash` for them, which the files' content decides (see `body`).
    `provider` is needed for one that d2t does not ship; the others are known by the template's own `provider`.

    Raises ValueError for an unknown format.
    """
    if format not in FORMATS:
        raise ValueError(f"unknown format {format!r}: one of {', '.join(FORMATS)}")
    if provider is None:
        provider = providers.load(template.provider if template.provider in providers.names() else providers.ROOT)
    options = Options(format, line_numbers, provider, context, registry)
    text = importlib.import_module(FORMATS[format]).render(template, options)
    assert isinstance(text, str)
    return text
