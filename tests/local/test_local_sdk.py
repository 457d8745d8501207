"""The service and the real SDK, over loopback. CI runs these with the newest SDK and with 2.10."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from e2b import AsyncTemplate, Template, wait_for_port
from e2b.exceptions import AuthenticationException, RateLimitException

from d2t import providers
from d2t.local.server import ServeError, Server, running

IMAGE = "debian:bookworm-slim"


@pytest.fixture
def server(request, tmp_path, monkeypatch):
    provider = providers.load(getattr(request, "param", "e2b"))
    with running(provider, log_directory=tmp_path / "logs") as server:
        monkeypatch.setenv("E2B_API_URL", server.url)
        monkeypatch.setenv("E2B_API_KEY", server.api_key)
        yield server


def context(tmp_path: Path) -> str:
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "a.txt").write_text("text")
    return str(tmp_path / "context")


def test_a_build(server, tmp_path):
    template = (
        Template(file_context_path=context(tmp_path))
        .from_image(IMAGE, username="u", password="hunter2")
        .run_cmd("true", user="root")
        .set_envs({"A": "b"})
        .set_workdir("/app")
        .set_user("user")
        .copy("a.txt", "/a.txt", user="root:root", mode=0o600)
        .set_start_cmd("sleep 1", wait_for_port(80))
    )
    lines: list[str] = []
    info = Template.build(template, alias="my-app", on_build_logs=lambda entry: lines.append(entry.message))
    assert (info.alias, bool(info.template_id), bool(info.build_id)) == ("my-app", True, True)
    assert "Uploaded 'a.txt'" in lines
    assert lines[-2] == "Validated only: there is no container engine, nothing was executed"
    (archive,) = server.store.files().values()
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["a.txt"]
    log = server.log_file(info.build_id).read_text()
    assert "COPY a.txt /a.txt root:root 0600" in log
    assert "hunter2" not in log


def test_the_second_build_does_not_upload_again(server, tmp_path):
    template = Template(file_context_path=context(tmp_path)).from_image(IMAGE).copy("a.txt", "/a.txt")
    Template.build(template, alias="one")
    lines: list[str] = []
    Template.build(template, alias="two", on_build_logs=lambda entry: lines.append(entry.message))
    assert "Skipping upload of 'a.txt', already cached" in lines


def test_more_than_a_page_of_logs(server):
    template = Template().from_image(IMAGE)
    for number in range(150):
        template = template.run_cmd(f"echo {number}")
    lines: list[str] = []
    info = Template.build(template, alias="my-app", on_build_logs=lambda entry: lines.append(entry.message))
    kept = [entry.message for entry in server.log(info.build_id)]
    assert len(kept) == 153
    # SDK 2.10 stops at the page that says `ready`, later ones read the rest
    assert [line for line in lines if line.startswith("[builder ")][:98] == kept[2:100]


def test_in_the_background(server):
    info = Template.build_in_background(Template().from_image(IMAGE), alias="my-app")
    while (status := Template.get_build_status(info, logs_offset=0)).status == "building":
        pass
    assert status.status == "ready"


async def _build_async():
    return await AsyncTemplate.build(AsyncTemplate().from_image(IMAGE), alias="my-app")


def test_the_async_sdk(server):
    import asyncio

    assert asyncio.run(_build_async()).template_id


def test_a_failure_points_to_the_step(server):
    template = Template().from_image("amazonlinux:2").run_cmd("true")
    with pytest.raises(Exception, match="amazonlinux:2 cannot be a base"):
        Template.build(template, alias="my-app")


def test_a_wrong_key(server):
    with pytest.raises(AuthenticationException):
        Template.build(Template().from_image(IMAGE), alias="my-app", api_key="e2b_" + "0" * 40)


@pytest.mark.parametrize("server", ["baidu"], indirect=True)
def test_a_provider_without_logs_and_copy(server: Server, tmp_path):
    assert server.api_key.startswith("bce-v3/")
    lines: list[str] = []
    info = Template.build(
        Template().from_image(IMAGE).run_cmd("true"),
        alias="my-app",
        cpu_count=2,
        memory_mb=2048,
        on_build_logs=lambda entry: lines.append(entry.message),
    )
    assert not any("Validated" in line for line in lines)
    assert server.log(info.build_id)[-1].message.startswith("Validated only")
    with pytest.raises(Exception, match="Baidu does not support COPY"):
        Template.build(
            Template(file_context_path=context(tmp_path)).from_image(IMAGE).copy("a.txt", "/"),
            alias="my-app",
            memory_mb=2048,
        )


@pytest.mark.parametrize("server", ["baidu"], indirect=True)
def test_a_quota(server):
    for number in range(5):
        Template.build(Template().from_image(IMAGE), alias=f"app{number}", memory_mb=2048)
    with pytest.raises(RateLimitException, match="there are 5 templates already"):
        Template.build(Template().from_image(IMAGE), alias="app5", memory_mb=2048)


def test_a_taken_port(server):
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(ServeError, match=f"cannot listen on 127.0.0.1:{port}"), running(server.provider, port=port):
        pass


def test_it_listens_on_loopback_and_stops(tmp_path):
    with running(providers.load("e2b"), log_directory=tmp_path) as server:
        assert server.url.startswith("http://127.0.0.1:")
        port = int(server.url.rpartition(":")[2])
    with running(providers.load("e2b"), log_directory=tmp_path, port=port) as again:
        assert again.url == server.url
