"""The project's own service and the SDK's client side together: each refusal becomes one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from d2t import providers
from d2t.providers import Fact, Provider
from d2t.service import Build, Connection, Log, Reason, ServiceError, Status, Trouble, follow, submit
from d2t.template import Copy, FromImage, FromTemplate, RunCmd, Template, WaitForPort

pytest.importorskip("uvicorn")
pytest.importorskip("starlette")

BAIDU = providers.load("baidu")
PLAIN = Template(FromImage("debian:12"))


@contextmanager
def service(provider: Provider, folder: Path) -> Iterator[Connection]:
    from d2t.local.server import running

    with running(provider, log_directory=folder) as server:
        yield Connection(server.api_key, server.url, "the service")


@pytest.fixture
def baidu(tmp_path: Path) -> Iterator[Connection]:
    with service(BAIDU, tmp_path) as connection:
        yield connection


class Quiet:
    def state(self, state: str) -> None: ...

    def log(self, entry: Log) -> None: ...

    def trouble(self, message: str) -> None: ...


def send(
    connection: Connection, template: Template = PLAIN, name: str = "web", cpu: int = 2, memory: int = 2048
) -> Build:
    return submit(template, name=name, cpu_count=cpu, memory_mb=memory, connection=connection)


def build(connection: Connection, template: Template, name: str = "web") -> Status:
    return follow(send(connection, template, name), connection, Quiet(), sleep=lambda seconds: None)


def refused(
    connection: Connection, template: Template = PLAIN, name: str = "web", cpu: int = 2, memory: int = 2048
) -> str:
    with pytest.raises(ServiceError) as caught:
        send(connection, template, name, cpu, memory)
    assert "\n" not in str(caught.value)
    assert connection.api_key not in str(caught.value)
    return f"{caught.value.trouble.name} {caught.value}"


def test_a_build_is_ready(baidu: Connection) -> None:
    template = replace(
        PLAIN, steps=(RunCmd("make"), RunCmd("make test", "root")), start_cmd="serve", ready=WaitForPort(80)
    )
    assert build(baidu, template).state == "ready"


def test_a_template_can_be_the_base(baidu: Connection) -> None:
    assert build(baidu, PLAIN, "base").state == "ready"
    assert build(baidu, Template(FromTemplate("base")), "web").state == "ready"


def test_a_build_that_fails_says_where(baidu: Connection) -> None:
    found = build(baidu, Template(FromImage("scratch")))
    assert found.state == "error"
    assert isinstance(found.reason, Reason)
    assert found.reason.step == "base"


def test_a_wrong_key(baidu: Connection) -> None:
    said = refused(replace(baidu, api_key="bce-v3/other"))
    assert said == "REFUSED the service does not accept E2B_API_KEY (401): the API key is not valid"


def test_a_wrong_name(baidu: Connection) -> None:
    assert refused(baidu, name="a b").startswith("REFUSED the service refuses this (400): the name 'a b' is not valid")


@pytest.mark.parametrize(("cpu", "memory"), [(3, 2048), (2, 1024)])
def test_resources(baidu: Connection, cpu: int, memory: int) -> None:
    assert refused(baidu, cpu=cpu, memory=memory).startswith("REFUSED the service refuses this (400): ")


def test_files_on_a_provider_without_them(baidu: Connection, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    said = refused(baidu, Template(FromImage("debian:12"), (Copy("f", "/f"),), context=str(tmp_path)))
    assert said.startswith("REFUSED the service refuses this (400): Baidu does not support COPY")


def test_steps_on_a_provider_without_them(tmp_path: Path) -> None:
    with service(providers.load("aliyun-fc"), tmp_path) as connection:
        said = refused(connection, replace(PLAIN, steps=(RunCmd("make"),)))
        assert said == "REFUSED the service refuses this (400): steps are not supported"


def test_files_on_a_provider_with_them(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    with service(providers.load("e2b"), tmp_path / "logs") as connection:
        template = Template(FromImage("debian:12"), (Copy("f", "/f"),), context=str(tmp_path))
        assert build(connection, template).state == "ready"


def test_too_many_templates(baidu: Connection) -> None:
    for number in range(BAIDU["quotas.templates"]):
        build(baidu, PLAIN, f"web{number}")
    assert refused(baidu, name="more").startswith("QUOTA the service allows no more for now (429): ")


def test_too_many_builds(tmp_path: Path) -> None:
    """A quota of one build, with a build that never ends."""
    from d2t.local.builder import Job, Validator
    from d2t.local.server import running

    class Slow(Validator):
        def run(self, job: Job) -> None:
            job.cancelled.wait()

    one = Provider("one", "One", MappingProxyType({**BAIDU.facts, "quotas.builds": Fact(1, "here")}))
    with running(one, builder=Slow(), log_directory=tmp_path) as server:
        connection = Connection(server.api_key, server.url, "the service")
        send(connection)
        assert refused(connection, name="other").startswith("QUOTA the service allows no more for now (429): 1 builds")
        assert refused(connection).startswith(
            "QUOTA the service allows no more for now (429): template 'web' has a build"
        )


def test_a_service_that_ended(tmp_path: Path) -> None:
    with service(BAIDU, tmp_path) as connection:
        sent = send(connection)
    slept: list[float] = []
    with pytest.raises(ServiceError, match=r"cannot reach the service at http://127\.0\.0\.1:\d+: ") as caught:
        follow(sent, connection, Quiet(), sleep=slept.append)
    assert caught.value.trouble is Trouble.NETWORK
    assert slept
