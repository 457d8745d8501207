"""The request's body as JSON."""

from __future__ import annotations

import json

from d2t.emit import Options
from d2t.emit.body import body
from d2t.template import Template


def render(template: Template, options: Options) -> str:
    return json.dumps(body(template), indent=2) + "\n"
