"""The emitted Python: laid out as ruff leaves it, and the same template to the SDK."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import e2b
import pytest
from hypothesis import HealthCheck, given, settings
from templates import BY_HAND, any_template

from d2t import template as tpl
from d2t.emit import FORMATS, emit
from d2t.emit.body import body


def built(code: str) -> Any:
    """What the SDK would send for the template that the code defines."""
    names: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(code, "emitted.py", "exec"), names)
    return json.loads(e2b.Template.to_json(names["template"]))


def ruff(*args: str, folder: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "ruff", *args, "--isolated", "--no-cache", str(folder)], capture_output=True, text=True
    )
    return result.stdout + result.stderr if result.returncode else ""


def write_all(folder: Path, templates: list[tpl.Template]) -> None:
    for number, template in enumerate(templates):
        for format in ("python", "python-async"):
            text = emit(template, format, line_numbers=number % 2 == 0, registry=number % 3 == 0)
            (folder / f"{format.replace('-', '_')}_{number}.py").write_text(text, encoding="utf-8", newline="")


def test_the_layout_is_ruffs(tmp_path: Path) -> None:
    write_all(tmp_path, BY_HAND)
    assert ruff("format", "--diff", folder=tmp_path) == ""
    assert ruff("check", "--select", "E4,E7,E9,F,I", folder=tmp_path) == ""


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(any_template())
def test_any_template_is_laid_out_as_ruff_leaves_it(template: tpl.Template) -> None:
    text = emit(template, "python", line_numbers=True)
    result = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache", "-"],
        input=text,
        capture_output=True,
        text=True,
    )
    assert result.stdout == text


@pytest.mark.parametrize("template", BY_HAND)
@pytest.mark.parametrize("format", ["python", "python-async"])
def test_the_sdk_is_told_the_same(template: tpl.Template, format: str) -> None:
    assert built(emit(template, format, line_numbers=True)) == body(template)


@given(any_template())
def test_any_template_survives(template: tpl.Template) -> None:
    assert built(emit(template, "python", line_numbers=True)) == json.loads(emit(template, "json"))
    ast.parse(emit(template, "python-async"))


@given(any_template())
def test_the_builder_is_the_same(template: tpl.Template) -> None:
    assert json.loads(e2b.Template.to_json(template.to_e2b())) == body(template)


def test_only_what_is_used_is_imported() -> None:
    text = emit(tpl.Template(tpl.FromImage("alpine"), provider="e2b"), "python")
    assert text.startswith("from e2b import Template, default_build_logger\n\n")
    assert "import os" not in text


def test_credentials_come_from_the_environment() -> None:
    text = emit(tpl.Template(tpl.FromImage("r.example/x"), provider="baidu"), "python", registry=True)
    assert 'username=os.environ["REGISTRY_USERNAME"]' in text
    assert 'password=os.environ["REGISTRY_PASSWORD"]' in text


def test_a_comment_cannot_be_left() -> None:
    template = tpl.Template(tpl.FromImage("a"), (tpl.RunCmd("x", why="first\nimport os; os.abort()\x85\u2028y"),))
    for format in ("python", "python-async", "typescript"):
        lines = [line for line in emit(template, format).splitlines() if "abort" in line]
        assert len(lines) == 1
        assert lines[0].lstrip().startswith(("#", "//"))


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="python, python-async, typescript, json"):
        emit(BY_HAND[0], "ruby")


@pytest.mark.parametrize("format", FORMATS)
def test_what_does_not_show_is_escaped(format: str) -> None:
    template = tpl.Template(tpl.FromImage("a"), (tpl.RunCmd("echo \u202etxt.exe \x1b[31m"),))
    text = emit(template, format)
    assert "\u202e" not in text
    assert "\x1b" not in text
