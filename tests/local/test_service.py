"""What the service answers when it refuses nothing."""

from __future__ import annotations

import json
import uuid

import pytest

from d2t.local.builder import BuildFailed
from d2t.local.log import BuildLog, LogEntry, default_directory, prune
from tests.local.client import Held

HASH = "b" * 64


def test_a_build_waits_is_built_and_ready(held):
    ids = held.register(cpuCount=2, memoryMB=512).json()
    assert uuid.UUID(ids["buildID"])
    assert held.status(ids).json() == {
        "templateID": ids["templateID"],
        "buildID": ids["buildID"],
        "status": "waiting",
        "logs": [],
        "logEntries": [],
    }
    assert held.start(ids).content == b""
    assert held.status(ids).json()["status"] == "building"
    held.finish()
    status = held.status(ids).json()
    assert status["status"] == "ready"
    assert "reason" not in status


def test_validation_says_in_its_last_line_that_nothing_was_executed(api):
    status = api.build(steps=[{"type": "run", "args": ["exit 1"]}])
    assert status["status"] == "ready"
    assert status["logEntries"][-1]["message"] == "Validated only: there is no container engine, nothing was executed"
    assert [entry.get("step") for entry in status["logEntries"]] == [None, "base", "1", None]


def test_a_template_as_base(api):
    api.build("parent")
    for name in ("parent", "elsewhere"):
        ids = api.register("child").json()
        url = f"/v2/templates/{ids['templateID']}/builds/{ids['buildID']}"
        assert api.client.post(url, json={"fromTemplate": name}).status_code == 202
        api.finish()
        status = api.status(ids).json()
        assert status["status"] == "ready"
        warned = [entry["message"] for entry in status["logEntries"] if entry["level"] == "warn"]
        assert bool(warned) == (name == "elsewhere")


def test_logs_come_in_pages_of_a_hundred(serve):
    api = serve("e2b", Held(lines=250))
    ids = api.register().json()
    api.start(ids)
    api.finish()
    pages = [
        [entry["message"] for entry in api.status(ids, logsOffset=offset).json()["logEntries"]]
        for offset in (0, 100, 200, 300)
    ]
    assert [len(page) for page in pages] == [100, 100, 51, 0]
    assert pages[0][0].startswith("Building template")
    assert pages[2][-1] == "line 249"
    assert len(api.status(ids, limit=7).json()["logEntries"]) == 7
    assert api.status(ids, limit=0).json()["logEntries"] == []
    informed = api.status(ids, level="info").json()["logEntries"]
    assert {entry["level"] for entry in informed} == {"info"}


def test_a_failure_names_its_step(serve):
    api = serve("e2b", Held(failure=BuildFailed("exit status 3", "4")))
    status = api.build()
    assert status["status"] == "error"
    assert status["reason"]["message"] == "exit status 3"
    assert status["reason"]["step"] == "4"
    assert status["logEntries"][-1]["message"] == "Build failed: exit status 3"


def test_a_fault_of_the_service_ends_the_build(serve):
    api = serve("e2b", Held(failure=RuntimeError("secret")))
    status = api.build()
    assert status["status"] == "error"
    assert "secret" not in status["reason"]["message"]


def test_logs_are_withheld_where_the_provider_has_none_and_kept_here(serve):
    api = serve("baidu", Held(failure=BuildFailed("exit status 3", "1"), lines=3))
    ids = api.register().json()
    api.start(ids)
    api.finish()
    status = api.status(ids).json()
    assert status["logEntries"] == []
    assert status["reason"] == {"message": "exit status 3", "step": "1", "logEntries": []}
    build = next(api.service.store.builds())
    text = build.log.file.read_text()
    assert "line 2" in text
    assert build.log.file.stat().st_mode & 0o777 == 0o600
    assert len(build.log.entries) == 5


def test_uploads(api):
    template = api.register().json()["templateID"]
    link = api.client.get(f"/templates/{template}/files/{HASH}")
    assert link.status_code == 201
    assert link.json()["present"] is False
    del api.client.headers["X-API-Key"]  # the link is the key
    assert api.client.put(link.json()["url"], content=b"tar").status_code == 200
    assert api.service.store.files()[HASH].read_bytes() == b"tar"
    api.client.headers["X-API-Key"] = "e2b_0123456789abcdef"
    assert api.client.get(f"/templates/{template}/files/{HASH}").json()["present"] is True


def test_uploads_go_with_the_service(api):
    template = api.register().json()["templateID"]
    link = api.client.get(f"/templates/{template}/files/{HASH}").json()["url"]
    api.client.put(link, content=b"tar")
    kept = api.service.store.files()[HASH]
    api.service.store.close()
    assert not kept.exists()


def test_lists(api):
    for name in ("a", "b", "c"):
        api.build(name)
    listed = api.client.get("/templates").json()
    assert [each["aliases"] for each in listed] == [["c"], ["b"], ["a"]]
    assert {each["buildStatus"] for each in listed} == {"ready"}
    first = api.client.get("/v2/templates", params={"limit": 2})
    assert [each["aliases"] for each in first.json()] == [["c"], ["b"]]
    rest = api.client.get("/v2/templates", params={"limit": 2, "nextToken": first.headers["X-Next-Token"]})
    assert [each["aliases"] for each in rest.json()] == [["a"]]
    assert "X-Next-Token" not in rest.headers


def test_names_find_templates(api):
    ids = api.register("app:v1").json()
    for name in ("app", "App", "app:v1", "local/app", "local%2Fapp%3Av1"):
        found = api.client.get(f"/templates/aliases/{name}")
        assert found.json() == {"templateID": ids["templateID"], "public": False}


@pytest.mark.parametrize("by", ["aliases", "names", "templateID"])
def test_deleting_stops_builds(held, by):
    ids = held.register().json()
    held.start(ids)
    build = next(held.service.store.builds())
    name = ids[by] if by == "templateID" else ids[by][0]
    assert held.client.delete(f"/templates/{name}").status_code == 204
    assert build.cancelled.is_set()
    assert held.client.get("/templates").json() == []
    assert held.status(ids).status_code == 400


def test_old_sdks_send_an_alias(api):
    assert api.client.post("/v3/templates", json={"alias": "app"}).json()["aliases"] == ["app"]


def test_half_a_character_does_not_break_the_answer(api):
    ids = api.register().json()
    url = f"/v2/templates/{ids['templateID']}/builds/{ids['buildID']}"
    body = json.dumps({"fromImage": "debian", "steps": [{"type": "RUN", "args": ["echo \ud800"]}]})
    assert api.client.post(url, content=body, headers={"Content-Type": "application/json"}).status_code == 202
    api.finish()
    status = api.status(ids).json()
    assert status["logEntries"][2]["message"] == "[builder 1/1] RUN echo \ufffd"


def test_old_logs_go(tmp_path):
    for number in range(5):
        BuildLog(tmp_path / f"{number}.log").add(LogEntry("x"))
    prune(tmp_path, keep=2)
    assert len(list(tmp_path.iterdir())) == 2
    prune(tmp_path / "missing")


def test_where_logs_go(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_directory() == tmp_path / "d2t" / "logs"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_directory() == tmp_path / ".local/state/d2t/logs"
