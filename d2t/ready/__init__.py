"""When is a sandbox ready: hints and healthchecks → the ready check of a template.

`check` has what reads healthchecks; it is loaded where there is one.
"""

from d2t.ready.hint import parse_hint
from d2t.ready.notes import Kind, Note
from d2t.ready.resolve import Resolved, Source, resolve
from d2t.ready.tools import image_tools, installed_tools, tools_of

__all__ = [
    "Kind",
    "Note",
    "Resolved",
    "Source",
    "image_tools",
    "installed_tools",
    "parse_hint",
    "resolve",
    "tools_of",
]
