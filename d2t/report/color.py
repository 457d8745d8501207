"""Colours of a terminal: when they are wanted, and how they are written."""

from __future__ import annotations

import os
from typing import TextIO

from d2t.diagnostics import Severity

# ECMA-48 "select graphic rendition"
BOLD = "1"
GUTTER = "1;34"  # blue
HELP = "1;36"  # cyan
SEVERITY = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.INFO: "1;34"}


def wanted(stream: TextIO, flag: bool | None = None) -> bool:
    """Whether to colour what is written to `stream`.

    The user's flag decides (None when not given), then the variables NO_COLOR (no-color.org) and FORCE_COLOR
    (force-color.org), each when not empty, then whether the stream is a terminal that can.
    """
    if flag is not None:
        return flag
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return os.environ.get("TERM") != "dumb" and stream.isatty()


class Painter:
    """Puts colours around text, or leaves it as it is."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled

    def __call__(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.enabled and text else text
