"""The package's own names."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("name", ["plan", "lint", "transpile"])
@pytest.mark.parametrize(
    "before", ["", "import d2t.plan.base, d2t.lint", "from d2t import api", "import d2t.lint.run as run"]
)
def test_functions_can_be_called_whatever_was_imported(name: str, before: str) -> None:
    code = f"{before}\nimport d2t\nfor _ in range(2): d2t.{name}('FROM debian:12')\nfrom d2t import {name}\n{name}('FROM a')"
    subprocess.run([sys.executable, "-c", code], check=True)
