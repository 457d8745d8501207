"""`d2t lint`: what it reads, what it prints, how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from d2t.cli.lint import command

GOOD = "FROM debian:12\nRUN make\n"
BAD = "FROM debian:12\nEXPOSE 8080\nCMD serve\n"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
FIXED = "FROM debian:12\n# d2t: ready=port:8080\nCMD serve\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


def run(*args: str, input: str | None = None) -> Result:
    return CliRunner().invoke(command, args, input=input)


def lines(*args: str) -> list[str]:
    return run(*args, "--output-format", "concise").stdout.splitlines()


def test_findings_go_to_stdout_and_errors_end_with_1(folder: Path) -> None:
    (folder / "Dockerfile").write_text(BAD)
    done = run("Dockerfile", "--output-format", "concise", "--min-severity", "warning")
    assert (done.exit_code, done.stderr) == (1, "")
    assert done.stdout.startswith("Dockerfile:2:8: error D2T203: ")


@pytest.mark.parametrize(
    ("text", "args", "code"),
    [
        (GOOD, (), 0),
        (BAD, (), 1),
        (BAD, ("--exit-zero",), 0),
        (BAD, ("--ignore", "D2T203"), 0),
        (BAD, ("--select", "D2T3,D2T4"), 0),
        (BAD, ("--allow", "expose"), 0),
        (BAD, ("--provider", "e2b"), 0),
        (BAD, ("--provider", "e2b", "--provider", "baidu"), 1),
        ("FROM debian:12\nRUN touch /tmp/x\n", (), 0),
        ("RUN\n", (), 1),
    ],
)
def test_exit_codes(folder: Path, text: str, args: tuple[str, ...], code: int) -> None:
    (folder / "Dockerfile").write_text(text)
    assert run("Dockerfile", *args).exit_code == code


@pytest.mark.parametrize(
    "args",
    [
        ("--select", "D2T9"),
        ("--ignore", "DL3008"),
        ("--provider", "nobody"),
        ("--statistics", "--output-format", "sarif"),
        ("--min-severity", "fatal"),
    ],
)
def test_wrong_usage_ends_with_2(folder: Path, args: tuple[str, ...]) -> None:
    (folder / "Dockerfile").write_text(GOOD)
    done = run("Dockerfile", *args)
    assert done.exit_code == 2
    assert not done.stdout


def test_a_missing_or_broken_file_stops_no_other(folder: Path) -> None:
    (folder / "a").write_text(BAD)
    (folder / "b").write_bytes(b"\xff\xfe")
    (folder / "c").write_text(BAD)
    done = run("a", "missing", "b", "c", "--select", "D2T1,D2T2", "--output-format", "json")
    assert [item["file"] for item in json.loads(done.stdout)] == ["a", "missing", "b", "c"]
    assert done.exit_code == 2
    assert run("a", "b", "--exit-zero").exit_code == 0
    assert run("missing", "--exit-zero").exit_code == 2


def test_folders_are_searched_and_this_one_is_the_default(folder: Path) -> None:
    for name in ("Dockerfile", "sub/web.Dockerfile", "sub/Containerfile", "sub/Dockerfile.j2", "sub/notes.txt"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(BAD)
    expected = ["Dockerfile:2:8:", "sub/Containerfile:2:8:", "sub/web.Dockerfile:2:8:"]
    assert [line.split()[0] for line in lines("--select", "D2T203")] == expected
    assert [line.split()[0] for line in lines("sub", "Dockerfile", "sub", "--select", "D2T203")] == [
        *expected[1:],
        expected[0],
    ]


def test_an_empty_folder_is_no_error(folder: Path) -> None:
    done = run(".")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no Dockerfile" in done.stderr


def test_standard_input_has_a_name(folder: Path) -> None:
    (folder / "d2t.toml").write_text('per-file-ignores = { "web/*" = ["D2T203"] }\n')
    args = ("-", "--select", "D2T203", "--output-format", "concise")
    assert run(*args, input=BAD).stdout.startswith("-:2:8:")
    assert run(*args, "--stdin-filename", "api/Dockerfile", input=BAD).stdout.startswith("api/Dockerfile:2:8:")
    assert run(*args, "--stdin-filename", "web/Dockerfile", input=BAD).stdout == ""


def test_settings_are_those_nearest_to_the_file(folder: Path) -> None:
    for name, text in {
        "d2t.toml": 'select = ["D2T2"]\nseverity = { D2T203 = "warning" }\n',
        "Dockerfile": BAD,
        "other/d2t.toml": 'provider = "e2b"\nignore = ["D2T3", "D2T4"]\n',
        "other/Dockerfile": BAD,
        "plain/pyproject.toml": "[tool.d2t]\nselect = ['D2T203']\n[tool.d2t.per-file-ignores]\n'*.dev' = ['D2T2']\n",
        "plain/Dockerfile": BAD,
        "plain/Dockerfile.dev": BAD,
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    assert [line.split(" ", 3)[:3] for line in lines()] == [
        ["Dockerfile:2:8:", "warning", "D2T203:"],
        ["plain/Dockerfile:2:8:", "error", "D2T203:"],
    ]
    assert [line.split()[2] for line in lines("Dockerfile", "--select", "D2T323", "--provider", "e2b")] == ["D2T323:"]


@pytest.mark.parametrize(
    "text", ['select = ["X"]\n', 'severity = { D2T203 = "bad" }\n', "selct = []\n", "select = 1\n"]
)
def test_wrong_settings_are_named(folder: Path, text: str) -> None:
    (folder / "d2t.toml").write_text(text)
    (folder / "Dockerfile").write_text(GOOD)
    done = run("Dockerfile")
    assert done.exit_code == 2
    assert "d2t.toml" in done.stderr


def test_fix_changes_the_file(folder: Path) -> None:
    path = folder / "Dockerfile"
    path.write_bytes(BAD.replace("\n", "\r\n").encode())
    done = run("--fix", "Dockerfile")
    assert path.read_bytes() == FIXED.replace("\n", "\r\n").encode()
    assert done.exit_code == 0
    assert "1 finding repaired" in done.stderr
    assert "D2T203" not in done.stdout
    assert "repaired" not in run("--fix", "Dockerfile").stderr


@pytest.mark.parametrize("args", [("--diff",), ("--diff", "--fix")])
def test_diff_changes_nothing(folder: Path, args: tuple[str, ...]) -> None:
    path = folder / "Dockerfile"
    path.write_text(BAD)
    done = run(*args, "Dockerfile")
    assert path.read_text() == BAD
    assert done.exit_code == 1
    assert done.stdout.splitlines()[2:] == [
        "@@ -1,3 +1,3 @@",
        " FROM debian:12",
        "-EXPOSE 8080",
        "+# d2t: ready=port:8080",
        " CMD serve",
    ]
    path.write_text(GOOD)
    assert (run("--diff", "Dockerfile").exit_code, run("--diff", "Dockerfile").stdout) == (0, "")


def test_standard_input_is_repaired_to_standard_output() -> None:
    done = run("--fix", "-", input=BAD)
    assert done.stdout == FIXED
    assert "repaired" in done.stderr
    assert run("--fix", "-", input=GOOD).stdout == GOOD


def test_a_file_that_cannot_be_written_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    (folder / "Dockerfile").write_text(BAD)
    real = builtins.open

    def refuse(path, mode="r", *args, **kwargs):  # type: ignore[no-untyped-def]
        if "w" in mode:
            raise PermissionError(13, "Permission denied")
        return real(path, mode, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", refuse)
    done = run("--fix", "Dockerfile")
    assert done.exit_code == 2
    assert "Dockerfile cannot be written: permission denied" in done.stderr


def test_several_processes_give_the_same_in_the_same_order(folder: Path) -> None:
    for number in range(40):
        (folder / f"Dockerfile.{number}").write_text(BAD if number % 3 else GOOD)
    assert lines("-j", "2") == lines("-j", "1") != []


def test_json_holds_what_an_editor_needs(folder: Path) -> None:
    (folder / "Dockerfile").write_text(BAD)
    (item,) = json.loads(run("Dockerfile", "--select", "D2T203", "--output-format", "json").stdout)
    assert item["name"] == "expose-not-supported"
    assert item["range"] == {"start": {"line": 2, "column": 8}, "end": {"line": 2, "column": 12}}
    (edit,) = item["fix"]["edits"]
    assert edit == {
        "range": {"start": {"line": 2, "column": 1}, "end": {"line": 2, "column": 12}},
        "text": "# d2t: ready=port:8080",
    }


def test_statistics(folder: Path) -> None:
    (folder / "Dockerfile").write_text(BAD)
    done = run("Dockerfile", "--statistics", "--select", "D2T203")
    assert done.stdout == "1  error    D2T203 expose-not-supported (1 fixable)\n"


def test_colours_are_for_terminals(folder: Path) -> None:
    (folder / "Dockerfile").write_text(BAD)
    assert "\x1b[" not in run("Dockerfile").stdout
    assert "\x1b[" in CliRunner().invoke(command, ["Dockerfile", "--color"], color=True).stdout


@pytest.mark.parametrize(
    "heavy", ["e2b", "jinja2", "rich", "asyncio", "docker", "starlette", "uvicorn", "urllib.request"]
)
def test_nothing_heavy_is_imported(folder: Path, heavy: str) -> None:
    (folder / "Dockerfile").write_text(BAD)
    code = "import sys\nfrom d2t.cli import cli\ntry: cli(['lint', 'Dockerfile'])\nexcept SystemExit: pass\n"
    code += f"assert {heavy!r} not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
