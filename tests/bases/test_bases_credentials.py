"""The user's logins: the names in Docker's file, and credential helpers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from d2t.bases.credentials import CredentialsError, Login, find
from d2t.bases.hosts import belong_together, is_local

HUB = "https://index.docker.io/v1/"


def auth(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


def test_no_file_no_login() -> None:
    assert find("docker.io") is None


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        (HUB, "docker.io"),
        ("docker.io", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("ghcr.io", "ghcr.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("https://ghcr.io/v1/", "ghcr.io"),
        ("localhost:5000", "localhost:5000"),
    ],
)
def test_the_names_of_a_registry(docker_config: Callable[..., None], key: str, registry: str) -> None:
    docker_config(auths={"other.example": auth("x:y"), key: auth("me:pass:word")})
    assert find(registry) == Login("me", "pass:word")


@pytest.mark.parametrize(
    "entry",
    [{}, {"auth": ""}, {"email": "me@example.org"}, None, "text", {"auth": 1}],
)
def test_entries_without_a_login(docker_config: Callable[..., None], entry: Any) -> None:
    docker_config(auths={"ghcr.io": entry})
    assert find("ghcr.io") is None


@pytest.mark.parametrize("data", ["[]", "1", '{"auths": []}', '{"credHelpers": 1}', '{"credsStore": {}}'])
def test_files_of_another_form(tmp_path: Path, data: str) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/config.json").write_text(data)
    assert find("ghcr.io") is None


@pytest.mark.parametrize("data", ["{", '{"auths": {"ghcr.io": {"auth": "not base64: pass-word"}}}', "[" * 100_000])
def test_broken_files_are_told_without_what_is_in_them(tmp_path: Path, data: str) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/config.json").write_text(data)
    with pytest.raises(CredentialsError) as caught:
        find("ghcr.io")
    assert "config.json" in str(caught.value)
    assert "pass-word" not in str(caught.value)


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(Login("me", "secret", "secret", "secret"))


@pytest.mark.parametrize(
    ("tables", "registry", "asked"),
    [
        ({"credHelpers": {"ghcr.io": "mine"}, "credsStore": "gone"}, "ghcr.io", "ghcr.io"),
        ({"credsStore": "mine"}, "ghcr.io", "ghcr.io"),
        ({"credsStore": "mine", "auths": {"ghcr.io": {}}}, "ghcr.io", "ghcr.io"),
        ({"credsStore": "mine"}, "docker.io", HUB),
    ],
)
def test_helpers(
    docker_config: Callable[..., None],
    helper: Callable[[str, str], Path],
    tables: dict[str, Any],
    registry: str,
    asked: str,
) -> None:
    docker_config(**tables)
    file = helper("mine", f"echo '{json.dumps({'ServerURL': asked, 'Username': 'me', 'Secret': 'word'})}'")
    assert find(registry) == Login("me", "word")
    assert file.read_text() == f"get {asked}\n"


def test_a_helper_s_identity_token(docker_config: Callable[..., None], helper: Callable[[str, str], Path]) -> None:
    docker_config(credsStore="mine")
    helper("mine", """echo '{"Username": "<token>", "Secret": "word"}'""")
    assert find("ghcr.io") == Login(identity_token="word")


def test_a_helper_that_knows_nothing(docker_config: Callable[..., None], helper: Callable[[str, str], Path]) -> None:
    docker_config(credsStore="mine", auths={"ghcr.io": auth("me:word")})
    helper("mine", "echo credentials not found in native keychain; exit 1")
    assert find("ghcr.io") == Login("me", "word")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo secret; echo secret >&2; exit 3", "docker-credential-mine ended with status 3"),
        ("echo secret", "docker-credential-mine gave no credentials"),
        ('echo \'{"Secret": "secret"}\'', "docker-credential-mine gave no credentials"),
    ],
)
def test_helpers_that_fail(
    docker_config: Callable[..., None], helper: Callable[[str, str], Path], script: str, message: str
) -> None:
    docker_config(credsStore="mine")
    helper("mine", script)
    with pytest.raises(CredentialsError) as caught:
        find("ghcr.io")
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["../evil", "a/b", "a b", "$(touch x)", "é"])
def test_a_helper_is_a_plain_name(docker_config: Callable[..., None], helper: Any, tmp_path: Path, name: str) -> None:
    helper("mine", "true")
    docker_config(credsStore=name)
    with pytest.raises(CredentialsError, match="not on PATH"):
        find("ghcr.io")
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    ("registry", "realm", "together"),
    [
        ("ghcr.io", "ghcr.io", True),
        ("registry-1.docker.io", "auth.docker.io", True),
        ("registry.gitlab.com", "gitlab.com", True),
        ("gitlab.com", "registry.gitlab.com", True),
        ("x-registry.cn-hangzhou.cr.aliyuncs.com", "dockerauth-ee.cn-hangzhou.aliyuncs.com", True),
        ("Registry.Example.com", "auth.example.com.", True),
        ("ghcr.io", "evil.example", False),
        ("ghcr.io", "ghcr.io.evil.example", False),
        ("ghcr.io", "evilghcr.io", False),
        ("ghcr.io", "quay.io", False),
        ("shop.co.uk", "evil.co.uk", False),
        ("r.shop.co.uk", "auth.shop.co.uk", True),
        ("registry.corp", "auth.corp", False),
        ("10.0.0.1", "10.0.0.1", True),
        ("1.0.0.1", "2.0.0.1", False),
        ("localhost", "127.0.0.1", False),
    ],
)
def test_which_hosts_belong_together(registry: str, realm: str, together: bool) -> None:
    assert belong_together(registry, realm) is together


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
    ],
)
def test_which_hosts_are_this_machine(host: str, local: bool) -> None:
    assert is_local(host) is local
