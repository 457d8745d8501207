"""Sending and following with the real SDK, over loopback HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from d2t.service import (
    Build,
    Connection,
    Credentials,
    Log,
    Reason,
    ServiceError,
    Trouble,
    follow,
    requests,
    submit,
)
from d2t.service.errors import translated
from d2t.template import Copy, FromImage, RunCmd, SetEnvs, Template, WaitForPort
from tests.service.fake import BUILD, TEMPLATE, Fake, build_status

KEY, PASSWORD = "bce-v3/top-secret", "pass-word"
WEB = Template(
    FromImage("registry.example.com/app:1"),
    (RunCmd("make", line=2), SetEnvs((("A", "1"),), line=3)),
    start_cmd="serve",
    ready=WaitForPort(80),
    name="web:v1",
)


@pytest.fixture
def fake() -> Iterator[Fake]:
    with Fake().running() as fake:
        yield fake


def connection(fake: Fake) -> Connection:
    return Connection(KEY, fake.url, "Baidu")


def send(fake: Fake, registry: Credentials | None = None) -> Build:
    return submit(WEB, name=WEB.name, cpu_count=4, memory_mb=8192, connection=connection(fake), registry=registry)


class Seen:
    """A watcher that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def state(self, state: str) -> None:
        self.events.append(state)

    def log(self, entry: Log) -> None:
        self.events.append(entry.message)

    def trouble(self, message: str) -> None:
        self.events.append(("trouble", message))


def watch(fake: Fake, logs: bool = True) -> tuple[Any, list[Any], list[float]]:
    seen, slept = Seen(), list[float]()
    result = follow(send(fake), connection(fake), seen, logs=logs, sleep=slept.append)
    return result, seen.events, slept


def test_what_is_sent(fake: Fake) -> None:
    build = send(fake, Credentials("me", PASSWORD))
    assert (build.template_id, build.build_id, build.name, build.alias) == (TEMPLATE, BUILD, "web:v1", "web")
    create, start = fake.bodies()
    named = {key: create.pop(key) for key in ("name", "alias") if key in create}
    assert set(named.values()) == {"web:v1"}  # `alias` from SDKs before 2.11
    assert create == {"cpuCount": 4, "memoryMB": 8192}
    assert start["fromImage"] == "registry.example.com/app:1"
    assert start["fromImageRegistry"] == {"type": "registry", "username": "me", "password": PASSWORD}
    assert [(step["type"], step["args"]) for step in start["steps"]] == [("RUN", ["make"]), ("ENV", ["A", "1"])]
    assert start["startCmd"] == "serve"
    assert all(
        {name.lower(): value for name, value in headers.items()}["x-api-key"] == KEY for _, _, headers, _ in fake.seen
    )


def test_a_dry_run_shows_what_is_sent(fake: Fake) -> None:
    send(fake, Credentials("me", PASSWORD))
    shown = requests(WEB, name=WEB.name, cpu_count=4, memory_mb=8192, username="me", url=fake.url)
    assert [(item["method"], item["url"]) for item in shown] == [
        ("POST", f"{fake.url}/v3/templates"),
        ("POST", f"{fake.url}/v2/templates/{{templateID}}/builds/{{buildID}}"),
    ]
    create, start = fake.bodies()
    start["fromImageRegistry"]["password"] = "***"
    assert [item["body"] for item in shown] == [create, start]


def test_following_to_the_end(fake: Fake) -> None:
    fake.statuses = [
        build_status("waiting"),
        build_status("building", "one", "two"),
        build_status("building"),
        build_status("ready", "three"),
        build_status("ready"),
    ]
    result, events, slept = watch(fake)
    assert result.state == "ready"
    assert events == ["waiting", "building", "one", "two", "three", "ready"]
    assert slept == [1.0, 0.5, 1.0]
    offsets = [path.partition("logsOffset=")[2].partition("&")[0] for _, path, _, _ in fake.seen if "status" in path]
    assert offsets == ["0", "0", "2", "2", "3"]


def test_the_rest_of_the_log_is_fetched(fake: Fake) -> None:
    fake.statuses = [build_status("ready", *["x"] * 100), build_status("ready", "y"), build_status("ready")]
    _, events, _ = watch(fake)
    assert events == [*["x"] * 100, "y", "ready"]


def test_no_log_is_asked_for_where_there_is_none(fake: Fake) -> None:
    fake.statuses = [build_status("building"), build_status("ready")]
    result, events, _ = watch(fake, logs=False)
    assert (result.state, events) == ("ready", ["building", "ready"])
    assert sum("status" in path for _, path, _, _ in fake.seen) == 2


def test_a_failed_build_has_its_reason(fake: Fake) -> None:
    fake.statuses = [build_status("error", reason={"message": "exit status 2", "step": "1"})]
    assert watch(fake)[0].reason == Reason("exit status 2", "1")
    fake.statuses = [build_status("error", reason={"message": "no room"})]
    assert watch(fake)[0].reason == Reason("no room")
    fake.statuses = [build_status("error")]
    assert watch(fake)[0].reason is None


def test_a_service_that_is_away_for_a_while(fake: Fake) -> None:
    fake.statuses = [
        build_status("building"),
        (503, {"code": 503, "message": "soon"}),
        (502, "<html>"),
        build_status("ready"),
    ]
    result, events, slept = watch(fake)
    assert result.state == "ready"
    assert events == [
        "building",
        ("trouble", "Baidu has a fault of its own (503), try again later: soon"),
        ("trouble", "Baidu has a fault of its own (502), try again later"),
        "ready",
    ]
    assert slept == [1.0, 1.0, 1.0]


def test_a_service_that_stays_away(fake: Fake) -> None:
    fake.statuses = [(500, {"code": 500, "message": "ouch"})]
    slept: list[float] = []
    with pytest.raises(ServiceError, match=r"Baidu has a fault of its own \(500\), try again later: ouch"):
        follow(send(fake), connection(fake), Seen(), sleep=slept.append)
    assert 180 <= sum(slept) < 220


def test_a_build_that_is_gone_ends_following(fake: Fake) -> None:
    fake.statuses = [(404, {"code": 404, "message": "build not found"})]
    with pytest.raises(ServiceError, match=r"Baidu does not know this \(404\): build not found"):
        follow(send(fake), connection(fake), Seen(), sleep=lambda seconds: pytest.fail("waited"))


@pytest.mark.parametrize(
    ("answer", "trouble", "says"),
    [
        ((401, {"code": 401, "message": "bad key"}), Trouble.REFUSED, "Baidu does not accept E2B_API_KEY (401): bad key"),
        ((401, {}), Trouble.REFUSED, "Baidu does not accept E2B_API_KEY (401)"),
        ((403, {"code": 403, "message": "not yours"}), Trouble.REFUSED, "Baidu does not allow this (403): not yours"),
        ((404, {"code": 404, "message": "no"}), Trouble.REFUSED, "Baidu does not know this (404): no"),
        ((400, {"code": 400, "message": "steps are not supported"}), Trouble.REFUSED, "Baidu refuses this (400): steps are not supported"),
        ((429, {"code": 429, "message": "slow down"}), Trouble.BUSY, "Baidu allows no more for now (429): slow down"),
        ((429, {"code": 429, "message": "you have reached the maximum number of builds"}), Trouble.QUOTA, "Baidu allows no more for now (429): you have"),
        ((400, {"code": 400, "message": "template quota exceeded"}), Trouble.QUOTA, "Baidu refuses this (400): template quota exceeded"),
        ((500, {"code": 500, "message": "two\nlines"}), Trouble.BUSY, "Baidu has a fault of its own (500), try again later: two lines"),
        ((502, "<html>bad gateway</html>"), Trouble.BUSY, "Baidu has a fault of its own (502), try again later"),
        ((400, {"code": 400, "message": f"your key {KEY} and {PASSWORD}"}), Trouble.REFUSED, "Baidu refuses this (400): your key *** and ***"),
        ((202, "<html>log in</html>"), Trouble.ANSWER, "Baidu (http://127.0.0.1"),
        ((202, {"hello": "world"}), Trouble.ANSWER, "Baidu (http://127.0.0.1"),
        ((202, "[]"), Trouble.ANSWER, "Baidu (http://127.0.0.1"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["create", "start"])
def test_refusals_are_one_line(fake: Fake, where: str, answer: Any, trouble: Trouble, says: str) -> None:
    if where == "start" and answer[0] == 202:
        return  # the SDK does not read that answer
    setattr(fake, where, answer)
    with pytest.raises(ServiceError) as caught:
        send(fake, Credentials("me", PASSWORD))
    message = str(caught.value)
    assert message.startswith(says)
    assert caught.value.trouble is trouble
    assert "\n" not in message
    assert KEY not in message
    assert PASSWORD not in message


def test_nobody_there() -> None:
    with Fake().running() as fake:
        pass
    with pytest.raises(ServiceError) as caught:
        send(fake)
    assert str(caught.value) == f"cannot reach Baidu at {fake.url}: the connection was refused"
    assert caught.value.trouble is Trouble.NETWORK


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (httpx.ConnectError("[Errno -2] Name or service not known"), "its name is unknown (no network, or a wrong "),
        (
            httpx.ConnectError(
                "Request failed: error sending request for url (http://x/): client error (Connect): dns error: x"
            ),
            "its name is unknown (no network, or a wrong E2B_DOMAIN or E2B_API_URL?)",
        ),
        (httpx.ReadTimeout("slow"), "it did not answer in time"),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] expired"), "the secure connection failed: [SSL: CERT"),
        (
            httpx.RemoteProtocolError("Server disconnected\nwithout a response"),
            "Server disconnected without a response",
        ),
        (httpx.ReadError(""), "ReadError"),
    ],
)
def test_no_answer_is_one_line(error: Exception, why: str) -> None:
    with pytest.raises(ServiceError) as caught, translated("E2B", "https://api.e2b.app", str):
        raise error
    assert str(caught.value).startswith(f"cannot reach E2B at https://api.e2b.app: {why}")
    assert "\n" not in str(caught.value)
    assert caught.value.trouble is Trouble.NETWORK


def test_files_that_are_not_there(fake: Fake, tmp_path: Path) -> None:
    template = Template(FromImage("debian:12"), (Copy("no.txt", "/"),), context=str(tmp_path))
    with pytest.raises(ServiceError, match=r"^the template cannot be sent to Baidu: .*no\.txt"):
        submit(template, name="x", cpu_count=2, memory_mb=2048, connection=connection(fake))
    with pytest.raises(ServiceError, match=r"^the template cannot be sent to the service: .*no\.txt"):
        requests(template, name="x", cpu_count=2, memory_mb=2048, url=fake.url)


def test_files_outside_of_the_context(fake: Fake, tmp_path: Path) -> None:
    template = Template(FromImage("debian:12"), (Copy("../no.txt", "/"),), context=str(tmp_path))
    with pytest.raises(ServiceError, match=r"^the template cannot be sent to Baidu: "):
        submit(template, name="x", cpu_count=2, memory_mb=2048, connection=connection(fake))
    assert not any("steps" in body for body in fake.bodies())


def test_an_upload_that_fails_does_not_show_its_signature(fake: Fake, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    fake.upload = (201, {"present": False, "url": f"{fake.url}/put?signature=abc"})
    template = Template(FromImage("debian:12"), (Copy("f", "/"),), context=str(tmp_path))
    with pytest.raises(ServiceError) as caught:
        submit(template, name="x", cpu_count=2, memory_mb=2048, connection=connection(fake))
    assert str(caught.value).startswith("files cannot be sent to Baidu: FileUploadException: Failed to upload file")
    assert "abc" not in str(caught.value)


def test_uploads_are_told(fake: Fake, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    fake.upload = (201, {"present": True})
    template = Template(FromImage("debian:12"), (Copy("f", "/"),), context=str(tmp_path))
    told: list[str] = []
    submit(template, name="x", cpu_count=2, memory_mb=2048, connection=connection(fake), on_upload=told.append)
    assert told == ["Skipping upload of 'f', already cached"]
    shown = requests(template, name="x", cpu_count=2, memory_mb=2048, url=fake.url)
    sent = [(method, path) for method, path, _, _ in fake.seen]
    assert shown[1]["method"] == "GET"
    assert ("GET", shown[1]["url"].removeprefix(fake.url).replace("{templateID}", TEMPLATE)) in sent


def test_no_secure_connection(fake: Fake) -> None:
    url = fake.url.replace("http:", "https:")
    with pytest.raises(ServiceError) as caught:
        submit(WEB, name="x", cpu_count=1, memory_mb=1, connection=Connection(KEY, url, "E2B"))
    assert str(caught.value).startswith(f"cannot reach E2B at {url}: ")


def test_the_environment_does_not_redirect(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is all that counts: the SDK must not look for a key or an address itself."""
    for name, value in {"E2B_API_URL": "http://127.0.0.1:1", "E2B_API_KEY": "other", "E2B_DEBUG": "true"}.items():
        monkeypatch.setenv(name, value)
    send(fake)
    assert fake.bodies()
