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
from hypothesis import given, settings
from templates import BY_HAND, any_template, make_context, sent, some, without_hashes

from d2t import template as tpl
from d2t.emit import emit

FORMATS = ["python", "python-async"]
FOLDERS = ["", ".", "../app", "deep/" + "x" * 50, "deep/" + "x" * 60, '/srv/it\'s "x"\n\u202e']


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    make_context(folder)
    return folder


def built(code: str, path: Path) -> Any:
    """What the SDK would send for the template that the code, a file at this path, defines."""
    names: dict[str, Any] = {"__name__": "emitted", "__file__": str(path)}
    exec(compile(code, str(path), "exec"), names)
    return without_hashes(json.loads(e2b.Template.to_json(names["template"])))


def by_helpers(template: tpl.Template) -> Any:
    """The request's body where the SDK's own helper tells how to wait for a port: 2.10 has another command."""
    data = sent(template)
    if isinstance(template.ready, tpl.WaitForPort):
        data["readyCmd"] = e2b.wait_for_port(template.ready.port).get_cmd()
    return data


def ruff(*args: str, folder: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "ruff", *args, "--isolated", "--no-cache", str(folder)], capture_output=True, text=True
    )
    return result.stdout + result.stderr if result.returncode else ""


def check_layout(folder: Path, templates: list[tpl.Template]) -> None:
    for number, template in enumerate(templates):
        for format in FORMATS:
            text = emit(
                template,
                format,
                line_numbers=number % 2 == 0,
                registry=number % 3 == 0,
                context=FOLDERS[number % len(FOLDERS)],
            )
            path = folder / f"{format.replace('-', '_')}_{number}.py"
            path.write_text(text, encoding="utf-8", newline="")
    assert ruff("format", "--diff", folder=folder) == ""
    assert ruff("check", "--select", "E4,E7,E9,F,I,UP,B", folder=folder) == ""


def test_the_layout_is_ruffs(tmp_path: Path) -> None:
    check_layout(tmp_path, BY_HAND)


def test_any_template_is_laid_out_as_ruff_leaves_it(tmp_path: Path) -> None:
    check_layout(tmp_path, some(150))


# a line's width counts columns: two for each of these, none for an accent of its own
@pytest.mark.parametrize("char", ["x", "\u65e5", "\U0001f600", "e\u0301", "\u0915\u094d", "\u0b3e", "\u1160", "\u2630"])
def test_lines_break_where_ruff_breaks_them(tmp_path: Path, char: str) -> None:
    image = tpl.FromImage("alpine")
    check_layout(tmp_path, [tpl.Template(image, (tpl.RunCmd(char * 20 + "y" * n),)) for n in range(80)])


@pytest.mark.parametrize("template", BY_HAND)
@pytest.mark.parametrize("format", FORMATS)
def test_the_sdk_is_told_the_same(context: Path, template: tpl.Template, format: str) -> None:
    assert built(emit(template, format, line_numbers=True), context / "emitted.py") == by_helpers(template)


@settings(deadline=None)
@given(template=any_template())
def test_any_template_survives(context: Path, template: tpl.Template) -> None:
    assert built(emit(template, "python", line_numbers=True), context / "emitted.py") == by_helpers(template)
    ast.parse(emit(template, "python-async"))


@pytest.mark.parametrize("format", FORMATS)
def test_the_context_may_be_another_folder(context: Path, tmp_path: Path, format: str) -> None:
    template = tpl.Template(tpl.FromImage("alpine"), (tpl.Copy("app.py", "/"),))
    (tmp_path / "app").mkdir()
    make_context(tmp_path / "app")
    assert built(emit(template, format, context="../app"), tmp_path / "build" / "emitted.py") == sent(template)
    assert built(emit(template, format, context=str(context)), tmp_path / "emitted.py") == sent(template)
    with pytest.raises(ValueError, match="No files found"):
        built(emit(template, format), tmp_path / "emitted.py")


def test_the_context_is_named_only_where_files_are_copied() -> None:
    assert "CONTEXT" not in emit(tpl.Template(tpl.FromImage("alpine")), "python", context="../app")


@pytest.mark.parametrize("format", FORMATS)
def test_it_is_built_when_it_is_run(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}

    def build(template: Any, name: str, **options: Any) -> None:
        told.update(options, name=name)

    async def build_async(template: Any, name: str, **options: Any) -> None:
        build(template, name, **options)

    monkeypatch.setattr(e2b.Template, "build", build)
    monkeypatch.setattr(e2b.AsyncTemplate, "build", build_async)
    monkeypatch.delenv("E2B_DOMAIN", raising=False)
    monkeypatch.setenv("E2B_DOMAIN", "from.the.shell")
    template = tpl.Template(tpl.FromImage("alpine"), name="web", cpu_count=4, memory_mb=8192, provider="baidu")
    exec(compile(emit(template, format), "emitted.py", "exec"), {"__name__": "__main__"})
    assert told == {"name": "web", "cpu_count": 4, "memory_mb": 8192}
    assert __import__("os").environ["E2B_DOMAIN"] == "from.the.shell"


def test_only_what_is_used_is_imported() -> None:
    text = emit(tpl.Template(tpl.FromImage("alpine"), provider="e2b"), "python")
    assert text.startswith("from e2b import Template, default_build_logger\n\n")
    assert "import os" not in text


def test_the_domain_is_set_where_the_sdk_does_not_know_it() -> None:
    text = emit(tpl.Template(tpl.FromImage("alpine"), provider="baidu"), "python")
    assert 'os.environ.setdefault("E2B_DOMAIN", "sandbox-execute.gz.baidubce.com")' in text


def test_credentials_come_from_the_environment() -> None:
    text = emit(tpl.Template(tpl.FromImage("r.example/x"), provider="baidu"), "python", registry=True)
    assert 'username=os.environ["REGISTRY_USERNAME"]' in text
    assert 'password=os.environ["REGISTRY_PASSWORD"]' in text


@pytest.mark.parametrize(
    ("ready", "argument"),
    [
        (tpl.WaitForPort(8080), "wait_for_port(8080)"),
        (tpl.WaitForUrl("http://localhost:80/up"), 'wait_for_url("http://localhost:80/up")'),
        (tpl.WaitForUrl("http://localhost/", 204), 'wait_for_url("http://localhost/", 204)'),
        (tpl.WaitForProcess("nginx"), 'wait_for_process("nginx")'),
        (tpl.WaitForFile("/run/up"), 'wait_for_file("/run/up")'),
        (tpl.WaitForTimeout(20_000), "wait_for_timeout(20000)"),
        (tpl.ReadyCommand("true"), '"true"'),
        (None, "wait_for_timeout(20000)"),  # the service's own wait
        # the helper of 2.10 would not quote it
        (tpl.WaitForFile("/run/a b"), "\"[ -f '/run/a b' ]\""),
    ],
)
def test_ready_commands_are_helpers_by_name(ready: tpl.Ready | None, argument: str) -> None:
    text = emit(tpl.Template(tpl.FromImage("alpine"), start_cmd="run", ready=ready, provider="e2b"), "python")
    assert f'set_start_cmd("run", {argument})' in text
