"""`d2t build` from the command line: flow, exit codes, what is printed where, and that no secret is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from d2t.cli import cli, options
from d2t.config import Settings
from d2t.lower.options import ALLOWED
from tests.service.fake import BUILD, TEMPLATE, Fake, build_status

KEY, PASSWORD = "bce-v3/top-secret", "pass-word"
SIMPLE = "FROM debian:12\nRUN make\n"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and no settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("E2B_API_KEY", "E2B_API_URL", "E2B_DOMAIN", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    with Fake().running() as fake:
        monkeypatch.setenv("E2B_API_URL", fake.url)
        monkeypatch.setenv("E2B_API_KEY", KEY)
        yield fake


def run(*arguments: str, text: str | None = SIMPLE, stdin: str = "", exit_code: int = 0) -> Result:
    if text is not None:
        Path("Dockerfile").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(cli, ["build", "--resolve-base", "never", *arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    assert KEY not in result.output
    assert PASSWORD not in result.output
    return result


# what is printed, and where


def test_a_build(fake: Fake) -> None:
    fake.statuses = [build_status("ready")]
    result = run("--name", "web:v1", "--cpu", "4", "--memory", "8192")
    assert result.stdout == f"template  {TEMPLATE}\nbuild     {BUILD}\nalias     web\n"
    assert result.stderr.endswith("status: ready\n")
    create = fake.bodies()[0]
    assert create.get("name", create.get("alias")) == "web:v1"
    assert (create["cpuCount"], create["memoryMB"]) == (4, 8192)


def test_json_is_one_object(fake: Fake) -> None:
    document = json.loads(run("--name", "web", "--json").stdout)
    diagnostics = document.pop("diagnostics")
    assert document == {
        "file": "Dockerfile",
        "provider": "baidu",
        "templateId": TEMPLATE,
        "buildId": BUILD,
        "name": "web",
        "alias": "web",
        "status": "ready",
        "reason": None,
        "error": None,
        "executed": True,
    }
    assert {item["severity"] for item in diagnostics} <= {"info", "warning"}


def test_detached(fake: Fake) -> None:
    result = run("--name", "web", "--detach")
    assert f"build     {BUILD}" in result.stdout
    url = f"{fake.url}/templates/{TEMPLATE}/builds/{BUILD}/status"
    assert result.stderr.endswith(f'the build goes on at Baidu; to look: curl -H "X-API-Key: $E2B_API_KEY" {url}\n')
    assert not any("status" in path for _, path, _, _ in fake.seen)
    assert json.loads(run("--name", "web", "--detach", "--json").stdout)["status"] == "waiting"


def test_a_failed_step_has_its_line(fake: Fake) -> None:
    steps = json.loads(run("--name", "web", "--dry-run", "--json").stdout)["requests"][-1]["body"]["steps"]
    number = next(i for i, step in enumerate(steps, 1) if step["args"][0].endswith("make"))
    fake.statuses = [build_status("error", reason={"message": "exit status 2", "step": str(number)})]
    result = run("--name", "web", exit_code=1)
    assert (
        f"Dockerfile:2:1: error D2T505: step {number} of {len(steps)} (RUN make) failed on Baidu: exit" in result.stderr
    )
    assert f"build     {BUILD}" in result.stdout
    document = json.loads(run("--name", "web", "--json", exit_code=1).stdout)
    assert document["status"] == "error"
    assert document["reason"] == {"message": "exit status 2", "step": str(number), "line": 2}
    assert document["diagnostics"][-1]["code"] == "D2T505"


# what stops it


def test_errors_of_the_dockerfile(fake: Fake) -> None:
    result = run("--name", "web", text="FROM debian:12\nEXPOSE 80\n", exit_code=1)
    assert "Dockerfile:2:8: error D2T203" in result.stderr
    assert result.stdout == ""
    assert fake.seen == []
    document = json.loads(run("--name", "web", "--json", text="FROM debian:12\nEXPOSE 80\n", exit_code=1).stdout)
    assert (document["templateId"], document["status"]) == (None, None)
    assert "D2T203" in [item["code"] for item in document["diagnostics"]]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], "D2T502"),
        (["--name", "Web"], "D2T501"),
        (["--name", "web", "--cpu", "3"], "D2T503"),
        (["--name", "web", "--memory", "16384"], "D2T503"),
    ],
)
def test_refused_before_anything_is_sent(fake: Fake, arguments: list[str], code: str) -> None:
    for more in ([], ["--dry-run"]):
        assert f"Dockerfile: error {code}: " in run(*arguments, *more, exit_code=2).stderr
    assert fake.seen == []


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((401, {"code": 401, "message": f"no key {KEY}"}), "error: Baidu does not accept E2B_API_KEY (401): no key ***"),
        ((400, {"code": 400, "message": "steps are not supported"}), "error: Baidu refuses this (400): steps are not supported"),
        ((500, "<html>"), "error: Baidu has a fault of its own (500), try again later"),
    ],
)  # fmt: skip
def test_a_service_that_refuses(fake: Fake, answer: Any, says: str) -> None:
    fake.create = answer
    result = run("--name", "web", exit_code=2)
    assert result.stderr.splitlines()[-1] == says
    assert json.loads(run("--name", "web", "--json", exit_code=2).stdout)["error"] == says.removeprefix("error: ")


def test_a_quota(fake: Fake) -> None:
    fake.create = (429, {"code": 429, "message": "the maximum number of builds is reached"})
    result = run("--name", "web", exit_code=2)
    assert "error D2T504: Baidu refuses the build: the maximum number of builds" in result.stderr
    assert "5 templates for each user" in " ".join(result.stderr.split())


def test_a_service_lost_while_following(fake: Fake) -> None:
    fake.statuses = [(404, {"code": 404, "message": "gone"})]
    result = run("--name", "web", exit_code=2)
    assert "the build goes on at Baidu" in result.stderr
    assert result.stderr.splitlines()[-1] == "error: Baidu does not know this (404): gone"


def test_no_key_no_domain() -> None:
    assert "error: E2B_API_KEY is not set: " in run("--name", "web", exit_code=2).stderr
    result = run(
        "--name", "web", "--provider", "aliyun-fc", "--dry-run", text="FROM debian:12\nCMD serve\n", exit_code=2
    )
    assert "error: Aliyun FC has no domain of its own" in result.stderr


def test_a_key_of_another_service(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("E2B_API_KEY", "e2b_0123")
    result = run("--name", "web")
    assert "warning: E2B_API_KEY does not begin bce-v3/" in result.stderr
    assert "e2b_0123" not in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--registry-username", "me"], "--registry-username and --registry-password-stdin need each other"),
        (["--registry-password-stdin"], "--registry-username and --registry-password-stdin need each other"),
        (["-", "--registry-username", "me", "--registry-password-stdin"], "standard input cannot be both"),
        (["--local", "--detach"], "--detach has no use with --local"),
        (["--engine", "none"], "--engine and --step-timeout are for --local"),
        (["--provider", "nowhere"], "there is no provider 'nowhere'"),
        (["--ready", "soon"], "Invalid value for '--ready'"),
        (["--allow", "copy"], "Invalid value for '--allow'"),
        (["--build-arg", "=x"], "'=x' is neither NAME=VALUE nor NAME"),
        (["--base-config", "no.json"], "the base image's config no.json: no such file or directory"),
        (["--compose", "no.yml"], "the compose file no.yml: no such file or directory"),
        (["--service", "web"], "--service is the service of a --compose file"),
        (["--cpu", "0"], "Invalid value for '--cpu'"),
        (["no/Dockerfile"], "error: cannot read no/Dockerfile: no such file or directory"),
        (["."], "error: cannot read .: is a directory"),
    ],
)
def test_wrong_usage(arguments: list[str], says: str) -> None:
    assert says in " ".join(run("--name", "web", *arguments, exit_code=2).stderr.split())


def test_no_dockerfile_here() -> None:
    assert "there is no Dockerfile or Containerfile in this folder" in run(text=None, exit_code=2).stderr


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "D2T105"),
        (b"\xff", "D2T100: not UTF-8"),
        (b"#" * 10_000_001, "D2T100: too large"),
        (b"\0", "D2T100: not a"),
    ],
)
def test_files_that_are_no_dockerfile(data: bytes, says: str) -> None:
    Path("Dockerfile").write_bytes(data)
    assert says in run("--name", "web", "--dry-run", text=None, exit_code=1).stderr


# options and settings


def test_dry_run_for_people() -> None:
    Path("base.json").write_text('{"config": {"Env": ["PATH=/bin"]}}')
    result = run(
        "--name", "web", "--dry-run", "--base-config", "base.json", "--ready", "port:80", text=SIMPLE + "CMD serve\n"
    )
    rows = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert rows[:5] == [
        "to Baidu, https://api.sandbox-execute.gz.baidubce.com",
        "name web",
        "cpu 2",
        "memory 2048 MiB",
        "image debian:12",
    ]
    assert any(row.endswith("make [line 2]") for row in rows)
    assert rows[-2:] == ["ready port 80 listens", "nothing was sent"]


def test_dry_run_masks_the_password() -> None:
    arguments = ["--name", "web", "--dry-run", "--json", "--registry-username", "me", "--registry-password-stdin"]
    document = json.loads(run(*arguments, stdin=PASSWORD).stdout)
    assert document["requests"][-1]["body"]["fromImageRegistry"] == {
        "type": "registry",
        "username": "me",
        "password": "***",
    }
    assert document["status"] is None


def test_registry_credentials(fake: Fake) -> None:
    run("--name", "web", "--registry-username", "me", "--registry-password-stdin", stdin=f"{PASSWORD}\r\n")
    assert fake.bodies()[-1]["fromImageRegistry"] == {"type": "registry", "username": "me", "password": PASSWORD}


def test_no_password(fake: Fake) -> None:
    result = run("--name", "web", "--registry-username", "me", "--registry-password-stdin", stdin="\n", exit_code=2)
    assert "error: there is no password on standard input" in result.stderr


def test_credentials_for_a_template() -> None:
    arguments = ["--name", "web", "--from-template", "base", "--registry-username", "me", "--registry-password-stdin"]
    assert "are for an image, and the base is a template" in " ".join(run(*arguments, exit_code=2).stderr.split())


def test_build_args(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_ENV", "12")
    monkeypatch.delenv("NOWHERE", raising=False)
    text = "ARG A=x\nARG FROM_ENV=x\nARG NOWHERE=:1\nFROM $A:$FROM_ENV$NOWHERE\n"
    arguments = [
        "--name",
        "w",
        "--dry-run",
        "--build-arg",
        "A=debian",
        "--build-arg",
        "FROM_ENV",
        "--build-arg",
        "NOWHERE",
    ]
    assert "image     debian:12:1" not in run(*arguments, text=text.replace(":1\n", "\n")).stdout
    assert "image     debian:12\n" in run(*arguments, text=text.replace("=:1\n", "=\n")).stdout


def test_standard_input() -> None:
    assert "image     debian:12" in run("-", "--name", "web", "--dry-run", stdin=SIMPLE, text=None).stdout


def test_settings_and_what_wins_over_them() -> None:
    Path("d2t.toml").write_text('name = "set"\ncpu = 4\nmemory = 4096\nready = "port:1"\nallow = ["expose"]\n')
    text = SIMPLE + "EXPOSE 80\nCMD serve\n"
    assert "name      set\ncpu       4\nmemory    4096 MiB" in run("--dry-run", text=text).stdout
    said = run("--dry-run", text=f"# d2t: name=said memory=8192\n{text}").stdout
    assert "name      said\ncpu       4\nmemory    8192 MiB" in said
    assert "ready     port 1 listens" in said
    given = run(
        "--dry-run", "--name", "given", "--cpu", "8", "--ready", "port:2", text=f"# d2t: name=said memory=8192\n{text}"
    )
    assert "name      given\ncpu       8\nmemory    8192 MiB" in given.stdout
    assert "ready     port 2 listens" in given.stdout


def test_settings_name_the_dockerfile() -> None:
    Path("e2b.toml").write_text('template_id = "x"\ntemplate_name = "shop"\ndockerfile = "e2b.Dockerfile"\n')
    Path("e2b.Dockerfile").write_text("FROM debian:11\n")
    result = run("--dry-run")
    assert "name      shop" in result.stdout
    assert "image     debian:11" in result.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cpus = 4", "d2t.toml: there is no key `cpus`"),
        ('allow = ["copy"]', "d2t.toml: `allow` takes expose and volume, not copy"),
        ('ready = "soon"', "d2t.toml: `ready`: 'soon' is no ready hint"),
        ('base-config = "no.json"', "no.json: no such file or directory"),
    ],
)
def test_wrong_settings(text: str, says: str) -> None:
    Path("d2t.toml").write_text(text)
    assert says in " ".join(run("--name", "web", "--dry-run", exit_code=2).stderr.split())


def test_base_config_and_compose_that_are_none() -> None:
    Path("x").write_text("[1")
    assert "the base image's config x: not JSON" in run("--name", "w", "--base-config", "x", exit_code=2).stderr
    Path("x").write_text("[]")
    assert (
        "the base image's config x: it holds 0 images" in run("--name", "w", "--base-config", "x", exit_code=2).stderr
    )
    Path("x").write_bytes(b"\xff")
    assert "the compose file x: not UTF-8" in run("--name", "w", "--compose", "x", exit_code=2).stderr


def test_a_compose_file_gives_the_ready_check() -> None:
    Path("c.yml").write_text("services:\n  web:\n    healthcheck:\n      test: nc -z localhost 99\n  db: {}\n")
    result = run("--name", "w", "--dry-run", "--compose", "c.yml", "--service", "web", text=SIMPLE + "CMD serve\n")
    assert "ready     port 99 listens" in result.stdout


def test_what_may_be_allowed_is_what_translating_allows() -> None:
    result = CliRunner().invoke(cli, ["build", "--help"])
    assert f"[{'|'.join(ALLOWED)}]" in result.output


def test_translation_takes_every_setting() -> None:
    """A new key must not be read and then dropped."""
    elsewhere = {"file", "dockerfile", "name", "cpu", "memory"}
    elsewhere |= {"select", "ignore", "severity", "per_file_ignores"}  # for `lint`
    assert set(Settings.__dataclass_fields__) - elsewhere <= set(options.Translation._fields)


# --local


def test_local_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("uvicorn")
    monkeypatch.setenv("E2B_API_URL", "http://127.0.0.1:1")
    result = run("--name", "web", "--local", "--engine", "none")
    assert result.stdout.splitlines()[-1] == "alias     web"
    assert result.stderr.splitlines()[-1].startswith("Validated only: ")
    document = json.loads(run("--name", "web", "--local", "--engine", "none", "--json").stdout)
    assert (document["status"], document["executed"], document["alias"]) == ("ready", False, "web")


def test_a_local_build_shows_its_log() -> None:
    pytest.importorskip("uvicorn")
    pytest.importorskip("d2t.context")
    result = run("--name", "web", "--local", "--engine", "none", "--provider", "e2b", "--from-template", "other")
    assert "Template other was not built here" in result.stderr


# as a process


def process(*arguments: str, **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "import sys; from d2t.cli import main; main()", "build", *arguments]
    command += ["--resolve-base", "never"]
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))}
    return subprocess.Popen(command, text=True, stderr=subprocess.PIPE, env=env, **more)


def test_interrupted_while_following(fake: Fake) -> None:
    Path("Dockerfile").write_text(SIMPLE)
    asked = threading.Event()
    fake.on_status = asked.set
    fake.statuses = [build_status("building")]
    child = process("--name", "web", "--json", stdout=subprocess.PIPE)
    try:
        assert asked.wait(30), "the build was not followed"
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    finally:
        child.kill()
    assert child.returncode == 130
    assert "Traceback" not in err
    assert (
        f'the build goes on at Baidu; to look: curl -H "X-API-Key: $E2B_API_KEY" {fake.url}/templates/{TEMPLATE}' in err
    )
    assert err.splitlines()[-1] == "error: interrupted"
    assert KEY not in out + err
    assert json.loads(out)["buildId"] == BUILD


def test_a_refusal_is_one_line(fake: Fake) -> None:
    """What the SDK logs by itself must not come on top."""
    Path("Dockerfile").write_text(SIMPLE)
    Path("base.json").write_text('{"Env": ["PATH=/bin"]}')
    fake.create = (401, {"code": 401, "message": "no"})
    child = process("--name", "web", "--ready", "port:80", "--base-config", "base.json", stdout=subprocess.PIPE)
    out, err = child.communicate(timeout=30)
    assert (child.returncode, out) == (2, "")
    assert err.endswith("error: Baidu does not accept E2B_API_KEY (401): no\n")
    assert "Response" not in err


@pytest.mark.parametrize("arguments", [["--dry-run"], ["--dry-run", "--json"], ["--json"], []])
def test_closed_pipe(fake: Fake, arguments: list[str]) -> None:
    Path("Dockerfile").write_text(SIMPLE)
    reading, writing = os.pipe()
    os.close(reading)
    child = process("--name", "web", *arguments, stdout=writing)
    os.close(writing)
    err = child.communicate(timeout=30)[1]
    assert child.returncode in (0, 1)
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


def test_nothing_heavy_is_loaded_for_help() -> None:
    code = "import sys; import d2t.cli.build; print([n for n in ('e2b', 'rich', 'jinja2', 'asyncio', 'yaml', 'uvicorn') if n in sys.modules])"
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": root}
    assert subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True).stdout == "[]\n"


def test_the_dockerfile_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("FROM debian:12\n", encoding="utf-8")
    result = CliRunner().invoke(cli, ["emit", "-o", f"{tmp_path}/../{tmp_path.name}/Dockerfile", str(file)])
    assert (result.exit_code, file.read_text(encoding="utf-8")) == (2, "FROM debian:12\n")
