"""`--resolve-base` of the commands, and what the API makes of `bases`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from d2t import api
from d2t.cli import cli
from d2t.lower import images
from d2t.plan.base import BaseNotRead, BaseRefused
from d2t.plan.build import ImageConfig
from tests.bases.fake import Registry

NOT_KNOWN = {"D2T312", "D2T313", "D2T314", "D2T315"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    for name in ("E2B_API_KEY", "E2B_API_URL", "E2B_DOMAIN"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(cli, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def dockerfile(text: str, path: str = "Dockerfile") -> None:
    Path(path).write_text(text, encoding="utf-8")


FULL = {
    "Env": ["PATH=/opt/bin:/bin", "HOME_DIR=/srv/app"],
    "User": "app",
    "WorkingDir": "/srv",
    "Entrypoint": ["/entry"],
    "Cmd": ["old"],
}


# plan


def test_a_plan_becomes_fully_known(registry: Registry) -> None:
    registry.add("team/app:1", {**FULL, "OnBuild": ["RUN triggered"]})
    dockerfile(f"FROM {registry.host}/team/app:1\nENV PATH=$HOME_DIR/bin:$PATH\nWORKDIR sub\n")
    unknown = json.loads(run("plan", "--format", "json").stdout)
    assert registry.seen == []  # not unless asked
    assert unknown["symbolic"]
    plan = json.loads(run("plan", "--format", "json", "--resolve-base", "registry").stdout)
    assert "symbolic" not in plan
    assert plan["diagnostics"] == []
    image = plan["image"]
    assert image["workdir"] == "/srv/sub"
    assert image["user"] == "app"
    assert image["entrypoint"] == ["/entry"]
    assert image["env"]["PATH"] == "/srv/app/bin:/opt/bin:/bin"
    assert [step["argv"][-1] for step in plan["steps"] if step["op"] == "run"] == ["triggered"]


def test_every_stage_s_base_once(registry: Registry) -> None:
    registry.add("a:1", {"Env": ["A=1"]})
    registry.add("b:1", {"Env": ["B=1"]})
    a, b = f"{registry.host}/a:1", f"{registry.host}/b:1"
    dockerfile(f"FROM {a} AS x\nFROM {b}\nCOPY --from=x /x /x\n", "one")
    dockerfile(f"FROM {b} AS x\nFROM {a}\nCOPY --from=x /x /x\n", "two")
    result = run("plan", "one", "two", "--resolve-base", "auto")
    assert "D2T" not in result.stderr
    assert sorted(registry.paths("HEAD")) == [
        "/v2/a/manifests/1",
        "/v2/b/manifests/1",
    ]


def test_one_file_of_several_has_no_base(registry: Registry) -> None:
    registry.add("a:1", FULL)
    dockerfile(f"FROM {registry.host}/missing\n", "one")
    dockerfile(f"FROM {registry.host}/a:1\n", "two")
    result = run("plan", "one", "two", "--resolve-base", "registry", exit_code=2)
    assert result.stderr == f"error: one: {registry.host}/missing:latest: {registry.host} has no such image\n"
    assert result.stdout.startswith("two\n")
    result = run("plan", "one", "two", "--resolve-base", "auto")
    assert "D2T326" in result.stderr
    assert f"{registry.host} has no such image" in result.stderr


def test_base_config_wins(registry: Registry) -> None:
    registry.add("a:1", FULL)
    Path("base.json").write_text('{"User": "given"}')
    dockerfile(f"FROM {registry.host}/a:1\n")
    arguments = ("plan", "--format", "json", "--resolve-base", "registry", "--base-config", "base.json")
    assert json.loads(run(*arguments).stdout)["image"]["user"] == "given"
    assert registry.seen == []


def test_no_linux_image(registry: Registry) -> None:
    registry.add("a:1", FULL, arch="arm64")
    dockerfile(f"# a comment\nFROM {registry.host}/a:1\n")
    for mode in ("auto", "registry"):
        result = run("plan", "--resolve-base", mode, "--format", "json", exit_code=1)
        (said,) = json.loads(result.stdout)["diagnostics"]
        assert (said["code"], said["line"]) == ("D2T109", 2)
        assert said["message"].endswith("has no image for linux/amd64: it is for linux/arm64")


# emit


@pytest.mark.parametrize(
    ("config", "text", "inside"),
    [
        (FULL, "RUN make\nCMD new", "/entry"),
        ({"Cmd": ["/serve", "80"]}, "RUN make", "/serve 80"),
        ({"Env": ["PORT=80"]}, 'ENV URL="http://x:$PORT"', "http://x:80"),
        ({"Env": ["PATH=/opt/rust/bin:/bin"]}, "RUN cargo build", "/opt/rust/bin:/bin"),
        ({"User": "app"}, "RUN whoami", "app"),
    ],
)
def test_what_is_emitted_knows_the_base(registry: Registry, config: dict[str, object], text: str, inside: str) -> None:
    registry.add("a:1", config)
    dockerfile(f"FROM {registry.host}/a:1\n{text}\n")
    without = run("emit", "--provider", "e2b")
    assert registry.seen == []
    assert inside not in without.stdout
    result = run("emit", "--provider", "e2b", "--resolve-base", "registry")
    assert inside in result.stdout
    assert not any(code in result.stderr for code in NOT_KNOWN)


def test_settings_can_ask(registry: Registry) -> None:
    registry.add("a:1", {"Cmd": ["/serve"]})
    dockerfile(f"FROM {registry.host}/a:1\n")
    Path("d2t.toml").write_text('resolve-base = "registry"\n')
    assert "/serve" in run("emit").stdout
    assert "/serve" not in run("emit", "--resolve-base", "never").stdout
    Path("d2t.toml").write_text('resolve-base = "sometimes"\n')
    assert "must be auto, engine, registry or never" in run("emit", exit_code=2).stderr


def test_a_windows_base_is_refused(registry: Registry) -> None:
    registry.add("a:1", {"Env": ["x=y"]}, os="windows")
    dockerfile(f"FROM {registry.host}/a:1\n")
    assert "D2T209" in run("emit", "--resolve-base", "auto", exit_code=1).stderr


@pytest.mark.parametrize(("mode", "exit_code"), [("auto", 0), ("registry", 2), ("engine", 2)])
def test_a_base_that_cannot_be_had(registry: Registry, mode: str, exit_code: int) -> None:
    dockerfile(f"FROM {registry.host}/a:1\nRUN make\n")
    result = run("emit", "--resolve-base", mode, exit_code=exit_code)
    if mode == "auto":
        said = " ".join(result.stderr.split())
        assert f"D2T326: the config of {registry.host}/a:1 could not be read: {registry.host} has no such image" in said
    else:
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
        assert result.stdout == ""


# build


@pytest.mark.parametrize("more", [(), ("--local",)])
def test_a_build_asks_by_itself(registry: Registry, more: tuple[str, ...]) -> None:
    registry.add("a:1", {"Cmd": ["/serve"]})
    dockerfile(f"FROM {registry.host}/a:1\n")
    sent = json.loads(run("build", "--name", "web", "--dry-run", "--json", *more).stdout)
    assert "/serve" in json.dumps(sent["requests"])
    assert not NOT_KNOWN & {item["code"] for item in sent["diagnostics"]}
    registry.seen.clear()
    sent = json.loads(run("build", "--name", "web", "--dry-run", "--json", "--resolve-base", "never", *more).stdout)
    assert "/serve" not in json.dumps(sent["requests"])
    assert registry.seen == []


def test_a_build_goes_on_without(registry: Registry) -> None:
    dockerfile(f"FROM {registry.host}/a:1\nRUN make\n")
    sent = json.loads(run("build", "--name", "web", "--dry-run", "--json").stdout)
    said = {item["code"]: item["message"] for item in sent["diagnostics"]}
    assert said["D2T326"].endswith("has no such image")
    assert {"D2T312", "D2T313"} <= set(said)
    stopped = json.loads(
        run("build", "--name", "web", "--dry-run", "--json", "--resolve-base", "registry", exit_code=2).stdout
    )
    assert stopped["error"] == f"{registry.host}/a:1: {registry.host} has no such image"


def test_a_template_in_the_base_s_place_is_not_asked_for(registry: Registry) -> None:
    dockerfile(f"FROM {registry.host}/a:1\n")
    run("build", "--provider", "e2b", "--name", "web", "--dry-run", "--from-template", "base")
    assert registry.seen == []


def test_a_build_logs_in_with_the_registry_s_credentials(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.auth = "private"
    registry.add("a:1", {"Cmd": ["/serve"]})
    dockerfile(f"FROM {registry.host}/a:1\n")
    monkeypatch.setenv("E2B_API_URL", "http://localhost:9")  # nothing listens there
    monkeypatch.setenv("E2B_API_KEY", "key")
    arguments = [
        "build",
        "--provider",
        "e2b",
        "--name",
        "web",
        "--registry-username",
        "me",
        "--registry-password-stdin",
    ]
    result = CliRunner().invoke(cli, arguments, input="pass-word\n")
    assert result.exit_code == 2
    assert "D2T326" not in result.stderr
    assert "pass-word" not in result.output
    assert any(path.startswith("/v2/a/blobs/") for path in registry.paths())


# the API


def raising(error: Exception) -> Callable[[str], ImageConfig | None]:
    def bases(reference: str) -> ImageConfig | None:
        raise error

    return bases


def codes(result: api.Result | api.PlanResult) -> list[str]:
    return [item.code for item in result.diagnostics]


def test_bases_get_canonical_references() -> None:
    asked: list[str] = []
    text = "FROM golang AS build\nFROM ghcr.io/a/b:1\nCOPY --from=build /x /x\nFROM unused\n"
    api.plan(text, bases=lambda reference: asked.append(reference))
    assert set(asked) == {"docker.io/library/unused:latest"}
    text = text.replace("FROM unused\n", "")
    assert api.base_images(text) == ("docker.io/library/golang:latest", "ghcr.io/a/b:1")
    assert api.base_images("FROM scratch\n") == api.base_images("RUNN") == ()


def test_base_config_is_that_of_the_target_s_base() -> None:
    known = {"docker.io/library/a:latest": ImageConfig(env={"X": "a"})}
    text = "FROM a AS one\nFROM b AS two\nCOPY --from=one / /\nENV Y=$X\n"
    result = api.plan(text, base_config=ImageConfig(env={"X": "b"}), bases=known.__getitem__)
    assert result.plan is not None
    assert result.plan.image.env["Y"] == "b"


def test_why_a_base_is_not_known_is_said_where_it_matters() -> None:
    bases = raising(BaseNotRead("no network"))
    result = api.transpile("FROM myorg/app\nRUN make\n", bases=bases)
    assert {"D2T312", "D2T326"} <= set(codes(result))
    (said,) = [item for item in result.diagnostics if item.code == "D2T326"]
    assert (said.message, said.line) == ("the config of myorg/app could not be read: no network", 1)
    assert "D2T326" not in codes(api.transpile("FROM debian:12\nRUN make\n", bases=bases))
    assert codes(api.plan("FROM debian:12\n", bases=bases)) == ["D2T326"]


def test_what_is_taken_instead_is_told() -> None:
    bases = raising(BaseNotRead("no network", ImageConfig(cmd=("/serve",))))
    result = api.transpile("FROM debian:12\n", bases=bases)
    assert result.template is not None
    assert "/serve" in result.template.start_cmd
    (said,) = [item for item in result.diagnostics if item.code == "D2T326"]
    assert said.message == "the config of debian:12 is that of the local engine's image: no network"


def test_a_refused_base_is_an_error() -> None:
    result = api.transpile("FROM a\n", bases=raising(BaseRefused("only for linux/s390x")))
    assert result.template is None
    assert codes(result) == ["D2T109"]
    other = api.transpile("FROM --platform=linux/s390x a\n", bases=raising(BaseRefused("only for linux/s390x")))
    assert "D2T210" in codes(other)


def test_a_known_base_is_not_guessed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known of well-known images by their names counts only where the config is not known."""
    monkeypatch.setattr(images, "_DISTRIBUTIONS", frozenset({"debian"}))
    config = ImageConfig(env={"PATH": "/opt/bin"}, entrypoint=("/entry",), user="app", workdir="/srv")
    text = "FROM {}\nRUN make\nCMD serve\n"
    debian = api.transpile(text.format("debian"), provider="e2b", bases=lambda reference: config)
    other = api.transpile(text.format("myorg/app"), provider="e2b", bases=lambda reference: config)
    assert debian.template is not None
    assert other.template is not None
    assert (debian.template.steps, debian.template.start_cmd) == (other.template.steps, other.template.start_cmd)
    assert "/entry" in debian.template.start_cmd
