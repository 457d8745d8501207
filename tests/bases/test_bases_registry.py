"""Configs from a registry: which manifest, what is verified, what is kept, and one line for what goes wrong."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from d2t.bases.cache import Cache
from d2t.bases.credentials import Login
from d2t.bases.registry import RegistrySource
from d2t.plan.base import BaseNotRead, BaseRefused
from d2t.plan.build import Health, ImageConfig
from tests.bases import fake
from tests.bases.fake import BASIC, IDENTITY, PASSWORD, TOKEN, USER, Registry, digest_of, encoded

CONFIG: dict[str, Any] = {
    "Env": ["PATH=/opt/bin:/bin", "EMPTY="],
    "User": "app",
    "WorkingDir": "/srv",
    "Entrypoint": ["/entry"],
    "Cmd": ["serve"],
    "Shell": ["/bin/bash", "-c"],
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5_000_000_000},
    "OnBuild": ["RUN make"],
}


@pytest.fixture
def source() -> Iterator[RegistrySource]:
    made = RegistrySource(Cache())
    yield made
    made.close()


def problem(source: RegistrySource, reference: str) -> str:
    with pytest.raises(BaseNotRead) as caught:
        source(reference)
    text = str(caught.value)
    assert "\n" not in text
    assert PASSWORD not in text
    assert TOKEN not in text
    return text


# what is read


def test_a_config_is_read_whole(registry: Registry, source: RegistrySource) -> None:
    registry.add("team/app:1", CONFIG)
    assert source(f"{registry.host}/team/app:1") == ImageConfig(
        env={"PATH": "/opt/bin:/bin", "EMPTY": ""},
        user="app",
        workdir="/srv",
        entrypoint=("/entry",),
        cmd=("serve",),
        shell=("/bin/bash", "-c"),
        healthcheck=Health(("CMD", "true"), interval=5_000_000_000),
        onbuild=("RUN make",),
    )


def test_an_image_without_a_config(registry: Registry, source: RegistrySource) -> None:
    data = encoded({"os": "linux", "architecture": "amd64", "rootfs": {}})
    registry.blobs[digest_of(data)] = data
    registry.put("a:1", fake.MANIFEST, encoded({"config": {"digest": digest_of(data)}}))
    assert source(f"{registry.host}/a:1") == ImageConfig()


def entry(registry: Registry, user: str, **platform: str) -> dict[str, Any]:
    os, arch = platform.get("os", "linux"), platform.get("architecture", "amd64")
    return {"digest": registry.add(f"a:{user}", {"User": user}, os=os, arch=arch), "platform": platform}


@pytest.mark.parametrize(
    ("platforms", "user"),
    [
        ([("linux", "arm64", "v8"), ("linux", "amd64", "")], "1"),
        ([("unknown", "unknown", ""), ("linux", "amd64", "")], "1"),
        ([("linux", "amd64", "v3"), ("linux", "amd64", "")], "1"),
        ([("windows", "amd64", ""), ("linux", "amd64", "")], "1"),
        ([("linux", "amd64", ""), ("linux", "amd64", "")], "0"),
    ],
)
def test_the_manifest_for_linux_amd64(
    registry: Registry, source: RegistrySource, platforms: list[tuple[str, str, str]], user: str
) -> None:
    entries = [
        entry(registry, str(number), os=os, architecture=arch, variant=variant)
        for number, (os, arch, variant) in enumerate(platforms)
    ]
    registry.add_index("a:all", entries)
    assert source(f"{registry.host}/a:all").user == user


def test_an_index_in_an_index(registry: Registry, source: RegistrySource) -> None:
    inner = registry.add_index("a:inner", [entry(registry, "me", os="linux", architecture="amd64")])
    registry.add_index("a:1", [{"digest": inner}])
    assert source(f"{registry.host}/a:1").user == "me"


def test_a_windows_image_is_told(registry: Registry, source: RegistrySource) -> None:
    entries = [entry(registry, build, os="windows", architecture="amd64") for build in ("1", "2")]
    registry.add_index("a:1", [*entries, {"digest": entries[0]["digest"], "platform": {"os": "unknown"}}])
    assert source(f"{registry.host}/a:1").os == "windows"


@pytest.mark.parametrize("index", [True, False])
def test_no_linux_amd64(registry: Registry, source: RegistrySource, index: bool) -> None:
    registry.add("a:arm", os="linux", arch="arm64")
    if index:
        registry.add_index("a:arm", [entry(registry, "me", os="linux", architecture="arm64")])
    with pytest.raises(BaseRefused, match=r"/a:arm has no image for linux/amd64: it is for linux/arm64$"):
        source(f"{registry.host}/a:arm")


# the cache


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_is_known_is_not_asked_for_again(registry: Registry, source: RegistrySource, tmp_path: Path) -> None:
    digest = registry.add("a:1", CONFIG)
    first = source(f"{registry.host}/a:1")
    kept = files(tmp_path / "cache")
    assert kept == {f"d2t/images/{name.replace(':', '/')}" for name in (digest, *registry.blobs)}
    registry.seen.clear()
    assert source(f"{registry.host}/a:1") == first
    assert [(seen.method, seen.path) for seen in registry.seen if seen.path != "/v2/"] == [
        ("HEAD", "/v2/a/manifests/1")
    ]
    registry.seen.clear()
    assert source(f"{registry.host}/a:1@{digest}") == first
    assert registry.seen == []  # a digest says it all


def test_a_moved_tag_is_seen(registry: Registry, source: RegistrySource) -> None:
    registry.add("a:1", {"User": "old"})
    assert source(f"{registry.host}/a:1").user == "old"
    registry.add("a:1", {"User": "new"})
    assert source(f"{registry.host}/a:1").user == "new"


def test_a_damaged_file_is_read_again(registry: Registry, source: RegistrySource, tmp_path: Path) -> None:
    registry.add("a:1", CONFIG)
    first = source(f"{registry.host}/a:1")
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file():
            path.write_bytes(b"{}")
    assert source(f"{registry.host}/a:1") == first
    assert files(tmp_path / "cache") == {f"d2t/images/{name.replace(':', '/')}" for name in kept_of(registry)}
    assert (tmp_path / "cache/d2t/images" / next(iter(registry.blobs)).replace(":", "/")).read_bytes() != b"{}"


def kept_of(registry: Registry) -> set[str]:
    return {*registry.blobs, *(digest_of(data) for _, data in registry.manifests.values())}


def test_a_cache_that_cannot_be_written(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: RegistrySource
) -> None:
    (tmp_path / "file").write_text("")
    made = RegistrySource(Cache(tmp_path / "file" / "below"))
    registry.add("a:1", CONFIG)
    assert made(f"{registry.host}/a:1").user == "app"
    made.close()


def test_no_secret_is_kept(registry: Registry, source: RegistrySource, docker_config: Any, tmp_path: Path) -> None:
    registry.auth = "private"
    docker_config(auths={registry.host: {"auth": BASIC.removeprefix("Basic ")}})
    registry.add("a:1", CONFIG)
    source(f"{registry.host}/a:1")
    for path in (tmp_path / "cache").rglob("*"):
        assert path.is_dir() or not any(
            secret in path.read_text() for secret in (TOKEN, PASSWORD, BASIC.removeprefix("Basic "), registry.host)
        )


# what is verified


def replace_body(registry: Registry, path: str, data: bytes, headers: dict[str, str] | None = None) -> None:
    registry.replies["GET", path] = (200, headers or {}, data)


def test_a_wrong_manifest(registry: Registry, source: RegistrySource, tmp_path: Path) -> None:
    digest = registry.add("a:1", CONFIG)
    replace_body(registry, f"/v2/a/manifests/{digest}", encoded({"config": {}}))
    assert f"does not have the digest {digest}" in problem(source, f"{registry.host}/a:1")
    assert f"does not have the digest {digest}" in problem(source, f"{registry.host}/a@{digest}")
    assert files(tmp_path) == set()


def test_a_wrong_config(registry: Registry, source: RegistrySource) -> None:
    registry.add("a:1", CONFIG)
    digest = next(iter(registry.blobs))
    replace_body(registry, f"/v2/a/blobs/{digest}", encoded({"os": "linux", "config": {"User": "evil"}}))
    assert f"does not have the digest {digest}" in problem(source, f"{registry.host}/a:1")


@pytest.mark.parametrize("head", [(405, {}, b""), (200, {}, b""), (200, {"Docker-Content-Digest": "md5:1"}, b"")])
def test_a_registry_that_tells_no_digest(registry: Registry, source: RegistrySource, head: fake.Reply) -> None:
    registry.add("a:1", CONFIG)
    registry.digest_header = False
    registry.replies["HEAD", "/v2/a/manifests/1"] = head
    assert source(f"{registry.host}/a:1").user == "app"
    data = registry.manifests["a:1"][1]
    replace_body(registry, "/v2/a/manifests/1", data, {"Docker-Content-Digest": f"sha256:{'0' * 64}"})
    assert "does not have the digest that the registry says" in problem(source, f"{registry.host}/a:1")


@pytest.mark.parametrize(
    ("manifest", "what"),
    [
        (b"<html>", "not JSON"),
        (b"[]", "no manifest"),
        (b"{}", "names no config"),
        (b'{"config": {"digest": "../../etc"}}', "names no config"),
        (b'{"schemaVersion": 1, "history": []}', "names no config"),
        (b"[" * 200_000, "not JSON"),
    ],
)
def test_what_is_no_manifest(registry: Registry, source: RegistrySource, manifest: bytes, what: str) -> None:
    registry.put("a:1", fake.MANIFEST, manifest)
    assert what in problem(source, f"{registry.host}/a:1")


def test_what_is_no_image(registry: Registry, source: RegistrySource) -> None:
    chart = encoded({"name": "chart", "version": "1"})
    registry.blobs[digest_of(chart)] = chart
    registry.put("a:1", fake.MANIFEST, encoded({"config": {"digest": digest_of(chart)}}))
    assert "no image config" in problem(source, f"{registry.host}/a:1")


def test_too_much_is_not_read(registry: Registry, source: RegistrySource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("d2t.bases.transport.MAX_BYTES", 1 << 20)
    registry.put("a:1", fake.MANIFEST, b" " * ((1 << 20) + 1))
    assert problem(source, f"{registry.host}/a:1") == "localhost gives more than 1 MiB"


# what goes wrong


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "gives no access: no such image, or a private one; `docker login {host}` may help"),
        (403, "gives no access: no such image, or a private one; `docker login {host}` may help"),
        (404, "has no such image"),
        (429, "allows no more requests for now: log in to it, or try again later"),
        (500, "answers with status 500"),
        (503, "answers with status 503"),
    ],
)
def test_a_refusal_is_one_line(registry: Registry, source: RegistrySource, status: int, message: str) -> None:
    registry.replies["HEAD", "/v2/team/app/manifests/1"] = (status, {}, b"\x1b[31mtext")
    said = problem(source, f"{registry.host}/team/app:1")
    assert said == f"{registry.host} {message.format(host=registry.host)}"


def test_nobody_is_there(source: RegistrySource) -> None:
    with Registry().running() as registry:
        host = registry.host
    assert problem(source, f"{host}/a:1").startswith("localhost cannot be reached: ")


def test_rate_limits_of_tokens(registry: Registry, source: RegistrySource) -> None:
    registry.auth = "token"
    registry.replies["GET", "/token"] = (429, {}, b"")
    assert "no more requests" in problem(source, f"{registry.host}/a:1")
    registry.replies["GET", "/token"] = (500, {}, b"")
    assert "has its tokens, answers with status 500" in problem(source, f"{registry.host}/a:1")


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"token": 1}', b'{"token": "a\\nb"}', b'{"token": ""}'])
def test_what_is_no_token(registry: Registry, source: RegistrySource, answer: bytes) -> None:
    registry.auth = "token"
    registry.replies["GET", "/token"] = (200, {}, answer)
    assert "gives no access" in problem(source, f"{registry.host}/a:1")


# tokens and logins


def test_an_anonymous_token(registry: Registry, source: RegistrySource) -> None:
    registry.auth = "token"
    registry.add("team/app:1", CONFIG)
    assert source(f"{registry.host}/team/app:1").user == "app"
    asked = [seen for seen in registry.seen if seen.path == "/token"]
    assert [(seen.query, seen.authorization) for seen in asked] == [
        ({"service": ["the service"], "scope": ["repository:team/app:pull"]}, "")
    ]


def test_the_scope_of_the_challenge(registry: Registry, source: RegistrySource) -> None:
    registry.auth, registry.scope = "token", "aws"
    registry.add("a:1", CONFIG)
    source(f"{registry.host}/a:1")
    assert {tuple(seen.query["scope"]) for seen in registry.seen if seen.path == "/token"} == {("aws",)}


@pytest.mark.parametrize("auth", ["private", "basic"])
def test_the_user_s_login(
    registry: Registry, source: RegistrySource, docker_config: Callable[..., None], auth: str
) -> None:
    registry.auth = auth
    registry.add("a:1", CONFIG)
    assert "gives no access" in problem(source, f"{registry.host}/a:1")
    docker_config(auths={f"https://{registry.host}/v2/": {"auth": BASIC.removeprefix("Basic ")}})
    again = RegistrySource(Cache())
    assert again(f"{registry.host}/a:1").user == "app"
    again.close()


def test_an_identity_token(registry: Registry, source: RegistrySource, docker_config: Callable[..., None]) -> None:
    registry.auth = "private"
    registry.add("a:1", CONFIG)
    docker_config(auths={registry.host: {"identitytoken": IDENTITY}})
    assert source(f"{registry.host}/a:1").user == "app"
    (asked,) = [seen for seen in registry.seen if seen.path == "/token"]
    assert (asked.method, asked.query, asked.authorization) == ("POST", {}, "")


def test_a_registry_token(registry: Registry, source: RegistrySource, docker_config: Callable[..., None]) -> None:
    registry.auth = "private"
    registry.add("a:1", CONFIG)
    docker_config(auths={registry.host: {"registrytoken": TOKEN}})
    assert source(f"{registry.host}/a:1").user == "app"
    assert "/token" not in registry.paths()


def test_a_login_that_is_given(registry: Registry) -> None:
    registry.auth = "private"
    for name in ("a:1", "b:1"):
        registry.add(name, CONFIG)
    source = RegistrySource(Cache(), (f"{registry.host}/a:1", Login(USER, PASSWORD)))
    assert source(f"{registry.host}/a:1").user == "app"
    assert "gives no access" in problem(source, f"{registry.host}/b:1")  # not for another image
    source.close()


def test_a_broken_login_is_told(registry: Registry, source: RegistrySource, docker_config: Callable[..., None]) -> None:
    registry.auth = "token"
    registry.add("a:1", CONFIG)
    docker_config(credsStore="gone")
    assert source(f"{registry.host}/a:1").user == "app"  # a public image needs none
    registry.auth = "private"
    assert problem(source, f"{registry.host}/a:1").endswith(
        "; the credential helper docker-credential-gone is not on PATH"
    )


def test_a_login_is_looked_for_once(
    registry: Registry, source: RegistrySource, docker_config: Callable[..., None], helper: Callable[[str, str], Path]
) -> None:
    registry.auth = "private"
    docker_config(credHelpers={registry.host: "mine"})
    asked = helper("mine", f"""echo '{{"Username": "{USER}", "Secret": "{PASSWORD}"}}'""")
    for name in ("a:1", "b:1"):
        registry.add(name, CONFIG)
        assert source(f"{registry.host}/{name}").user == "app"
    assert asked.read_text() == f"get {registry.host}\n"


# no secret for others


def test_blobs_elsewhere_get_no_token(registry: Registry, other: Registry, source: RegistrySource) -> None:
    registry.auth = "token"
    registry.add("a:1", CONFIG)
    registry.blob_host, other.blobs = f"127.0.0.1:{other.port}", registry.blobs
    assert source(f"{registry.host}/a:1").user == "app"
    assert other.paths() == [f"/blobs/{next(iter(registry.blobs))}"]
    assert other.authorizations() == set()


def test_a_realm_elsewhere_gets_no_password(
    registry: Registry, other: Registry, source: RegistrySource, docker_config: Callable[..., None]
) -> None:
    registry.auth, registry.realm = "private", f"http://127.0.0.1:{other.port}/token"
    other.auth = "private"
    registry.add("a:1", CONFIG)
    docker_config(auths={registry.host: {"auth": BASIC.removeprefix("Basic ")}})
    assert problem(source, f"{registry.host}/a:1").endswith(
        "; its login was not sent to 127.0.0.1, which it names for tokens"
    )
    assert other.paths() == ["/token"]
    assert other.authorizations() == set()


def test_who_is_redirected_to_gets_no_login(
    registry: Registry, other: Registry, source: RegistrySource, docker_config: Callable[..., None]
) -> None:
    """It may ask for one, in the registry's place."""
    other.auth = "basic"
    digest = registry.add("a:1", CONFIG)
    location = {"Location": f"http://127.0.0.1:{other.port}/v2/a/manifests/{digest}"}
    registry.replies["GET", f"/v2/a/manifests/{digest}"] = (307, location, b"")
    login = {"auth": BASIC.removeprefix("Basic ")}
    docker_config(auths={registry.host: login, f"127.0.0.1:{other.port}": login})
    assert "gives no access" in problem(source, f"{registry.host}/a:1")
    assert other.paths()
    assert other.authorizations() == set()


@pytest.mark.parametrize("target", ["http://example.invalid/x", "ftp://localhost/x", "//user:word@localhost/"])
def test_redirects_without_protection(registry: Registry, source: RegistrySource, target: str) -> None:
    digest = registry.add("a:1", CONFIG)
    registry.replies["GET", f"/v2/a/manifests/{digest}"] = (302, {"Location": target}, b"")
    assert "which is not followed" in problem(source, f"{registry.host}/a:1")


def test_redirects_in_circles(registry: Registry, source: RegistrySource) -> None:
    digest = registry.add("a:1", CONFIG)
    path = f"/v2/a/manifests/{digest}"
    registry.replies["GET", path] = (302, {"Location": path}, b"")
    assert problem(source, f"{registry.host}/a:1") == f"{registry.host} redirects in circles"


def test_a_realm_without_protection(
    registry: Registry, source: RegistrySource, docker_config: Callable[..., None]
) -> None:
    registry.auth, registry.realm = "private", "http://auth.example.invalid/token"
    docker_config(auths={registry.host: {"auth": BASIC.removeprefix("Basic ")}})
    registry.add("a:1", CONFIG)
    assert problem(source, f"{registry.host}/a:1").endswith("for tokens, which is not protected by TLS")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost that nobody trusts, with its key."""
    file = tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    try:
        subprocess.run([*command.split(), "-keyout", file, "-out", tmp_path / "c"], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("no openssl to make a certificate with")
    file.write_bytes(file.read_bytes() + (tmp_path / "c").read_bytes())
    return file


def test_tls_is_verified(
    certificate: Path, docker_config: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with Registry(auth="basic").running(tls=context) as registry:
        registry.add("a:1", CONFIG)
        docker_config(auths={registry.host: {"auth": BASIC.removeprefix("Basic ")}})
        source = RegistrySource(Cache())
        assert "certificate verify failed" in problem(source, f"{registry.host}/a:1")
        assert registry.seen == []
        source.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        source = RegistrySource(Cache())
        assert source(f"{registry.host}/a:1").user == "app"
        source.close()


def test_docker_hub_has_another_name(monkeypatch: pytest.MonkeyPatch, registry: Registry) -> None:
    """Its API's host is not that of its images' names."""
    monkeypatch.setattr("d2t.bases.registry._HUB_API", registry.host)
    registry.add("library/debian:12", CONFIG)
    source = RegistrySource(Cache())
    assert source("docker.io/library/debian:12").user == "app"
    assert problem(source, "docker.io/library/debian:13") == "docker.io has no such image"
    source.close()
