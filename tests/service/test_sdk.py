"""Templates as the SDK's builders: the same request from every SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import e2b
import pytest

from d2t import template as tpl

IMAGE = tpl.FromImage("registry.example/app:1")


def told(builder: Any) -> Any:
    return json.loads(e2b.Template.to_json(builder))


def step(type: str, *args: str) -> dict[str, Any]:
    return {"type": type, "args": list(args), "force": False}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (tpl.RunCmd("make"), step("RUN", "make")),
        (tpl.RunCmd("make", user="app"), step("RUN", "make", "app")),
        (tpl.SetEnvs((("B", "1"), ("A", ""))), step("ENV", "B", "1", "A", "")),
        (tpl.SetWorkdir("/a b"), step("WORKDIR", "/a b")),
        (tpl.SetUser("app"), step("USER", "app")),
    ],
)
def test_a_step(given: tpl.Step, wanted: dict[str, Any]) -> None:
    data = told(tpl.Template(IMAGE, (given, given)).to_e2b())
    assert data == {"steps": [wanted, wanted], "force": False, "fromImage": IMAGE.image}


def test_a_template_as_the_base() -> None:
    assert told(tpl.Template(tpl.FromTemplate("base")).to_e2b()) == {
        "steps": [],
        "force": False,
        "fromTemplate": "base",
    }


@pytest.mark.parametrize(
    ("ready", "command"),
    [
        (tpl.WaitForPort(80), '[ -n "$(ss -Htuln sport = :80)" ]'),  # and not 8080
        (
            tpl.WaitForUrl("http://localhost/?a&b", 204),
            'curl -s -o /dev/null -w "%{http_code}" \'http://localhost/?a&b\' | grep -q "204"',
        ),
        (tpl.WaitForProcess("a b"), "pgrep 'a b' > /dev/null"),
        (tpl.WaitForFile("/run/a b"), "[ -f '/run/a b' ]"),
        (tpl.WaitForTimeout(2999), "sleep 2"),
        (tpl.WaitForTimeout(1), "sleep 1"),
        (tpl.ReadyCommand("true"), "true"),
        (None, "sleep 20"),
    ],
)
def test_ready_commands_do_not_depend_on_the_sdk(ready: tpl.Ready | None, command: str) -> None:
    data = told(tpl.Template(IMAGE, start_cmd="serve", ready=ready).to_e2b())
    assert (data["startCmd"], data["readyCmd"]) == ("serve", command)


def test_a_ready_command_alone() -> None:
    data = told(tpl.Template(IMAGE, ready=tpl.WaitForTimeout(1000)).to_e2b())
    assert "startCmd" not in data
    assert data["readyCmd"] == "sleep 1"


def test_copies_come_from_the_context(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to("file")

    def copied(*, follow: bool, context: str = str(tmp_path)) -> Any:
        copy = tpl.Copy("link", "/srv/", user="root:root", mode=0o755, resolve_symlinks=follow)
        return told(tpl.Template(IMAGE, (copy,), context=context).to_e2b())["steps"][0]

    assert copied(follow=True)["args"] == ["link", "/srv/", "root:root", "0755"]
    assert copied(follow=True)["filesHash"] != copied(follow=False)["filesHash"]
    with pytest.raises(ValueError, match="No files found"):
        copied(follow=True, context=str(tmp_path / "elsewhere"))


def test_the_registrys_credentials() -> None:
    data = told(tpl.Template(IMAGE).to_e2b(username="someone", password="secret"))
    assert data["fromImageRegistry"] == {"type": "registry", "username": "someone", "password": "secret"}
    assert "fromImageRegistry" not in told(tpl.Template(IMAGE).to_e2b())


@pytest.mark.parametrize(
    "credentials", [{"username": "someone"}, {"password": "secret"}, {"username": "", "password": "secret"}]
)
def test_half_of_the_credentials_is_refused(credentials: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="both") as caught:
        tpl.Template(IMAGE).to_e2b(**credentials)
    assert "secret" not in str(caught.value)
