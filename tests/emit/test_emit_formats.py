"""What holds for every format."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import e2b
import pytest
from e2b.template.utils import calculate_files_hash
from templates import BY_HAND, make_context

from d2t import template as tpl
from d2t.emit import FORMATS, emit
from d2t.emit.body import body, ready_command

CODE = [format for format in FORMATS if format != "json"]


def test_the_json_is_the_sdks_to_the_byte() -> None:
    for template in BY_HAND:
        if not any(isinstance(step, tpl.Copy) for step in template.steps):
            assert emit(template, "json") == e2b.Template.to_json(template.to_e2b()) + "\n"


def test_the_body_has_the_hashes_that_the_caller_makes(tmp_path: Path) -> None:
    make_context(tmp_path)
    steps = (tpl.Copy("app.py", "/app/", "app", 0o755), tpl.RunCmd("true"), tpl.Copy("it's", "/"))
    template = tpl.Template(tpl.FromImage("alpine"), steps, context=str(tmp_path))

    def files_hash(copy: tpl.Copy) -> str:
        return calculate_files_hash(copy.src, copy.dest, str(tmp_path), [], copy.resolve_symlinks, None)

    assert json.dumps(body(template, files_hash), indent=2) == e2b.Template.to_json(template.to_e2b())
    assert body(template)["steps"][0] == {"type": "COPY", "args": ["app.py", "/app/", "app", "0755"], "force": False}


@pytest.mark.skipif(
    e2b.wait_for_file("a b").get_cmd() == "[ -f a b ]", reason="the helpers of this SDK have other commands"
)
@pytest.mark.parametrize(
    ("ready", "helper"),
    [
        (tpl.WaitForPort(80), e2b.wait_for_port(80)),
        (tpl.WaitForUrl("http://x/?a&b", 204), e2b.wait_for_url("http://x/?a&b", 204)),
        (tpl.WaitForProcess("it's"), e2b.wait_for_process("it's")),
        (tpl.WaitForFile("/a b"), e2b.wait_for_file("/a b")),
        (tpl.WaitForTimeout(500), e2b.wait_for_timeout(500)),
        (tpl.WaitForTimeout(2999), e2b.wait_for_timeout(2999)),
    ],
)
def test_ready_commands_are_the_helpers(ready: tpl.Ready, helper: e2b.ReadyCmd) -> None:
    assert ready_command(ready) == helper.get_cmd()


@pytest.mark.parametrize("format", CODE)
def test_a_comment_cannot_be_left(format: str) -> None:
    template = tpl.Template(tpl.FromImage("a"), (tpl.RunCmd("x", why="first\nimport os; os.abort()\x85\u2028y\rz"),))
    lines = [line for line in emit(template, format).splitlines() if "abort" in line or "z" in line]
    assert len(lines) == 1
    assert lines[0].lstrip().startswith(("#", "//"))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "char", ["\u202e", "\u2066", "\u200b", "\ufeff", "\x1b", "\u2028", "\xa0", "\u3164", "\ufe0f", "\ud800"]
)
def test_what_does_not_show_is_escaped(format: str, char: str) -> None:
    steps = (tpl.RunCmd(f"echo {char}txt.exe", why=char + "why"), tpl.SetEnvs(((char, char),)))
    assert char not in emit(tpl.Template(tpl.FromImage(char), steps, start_cmd=char), format)


@pytest.mark.parametrize("format", CODE)
def test_lines_of_the_dockerfile_are_named_on_demand(format: str) -> None:
    template = tpl.Template(tpl.FromImage("a"), (tpl.RunCmd("x", line=12, why="reason"), tpl.RunCmd("y")))
    mark = "//" if format == "typescript" else "#"
    assert "Dockerfile:" not in emit(template, format)
    lines = [line.strip() for line in emit(template, format, line_numbers=True).splitlines()]
    at = lines.index(f"{mark} Dockerfile:12")
    assert lines[at + 1] == f"{mark} reason"
    assert sum("Dockerfile:" in line for line in lines) == 1


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="python, python-async, typescript, json"):
        emit(BY_HAND[0], "ruby")


def test_json_needs_no_jinja() -> None:
    code = (
        "import sys; from d2t.emit import emit; from d2t import template as t\n"
        "emit(t.Template(t.FromImage('a')), 'json'); print(sorted({'jinja2', 'e2b', 'asyncio'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
