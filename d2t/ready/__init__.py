"""When is a sandbox ready: hints and healthchecks → the ready check of a template."""

from d2t.ready.check import from_healthcheck, in_bash
from d2t.ready.hint import parse_hint
from d2t.ready.notes import Kind, Note
from d2t.ready.resolve import Resolved, Source, resolve
from d2t.ready.tools import image_tools, installed_tools, tools_of

__all__ = [
    "Kind",
    "Note",
    "Resolved",
    "Source",
    "from_healthcheck",
    "image_tools",
    "in_bash",
    "installed_tools",
    "parse_hint",
    "resolve",
    "tools_of",
]
