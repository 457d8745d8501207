"""Each refusal of the service: its status or its failed step, and the shape of the answer."""

from __future__ import annotations

import pytest

from d2t.local.refusals import REFUSALS
from tests.local.client import KEY, Held

HASH = "a" * 64
UUID = "00000000-0000-4000-8000-000000000000"


def refused(response, name, /, **values):
    """The response is that refusal, in the API's error shape."""
    refusal = REFUSALS[name]
    assert response.status_code == refusal.status, response.text
    body = response.json()
    assert set(body) == {"code", "message"}
    assert body["code"] == refusal.status
    assert body["message"] == refusal(**values).message
    return True


def test_every_refusal_says_who_says_so():
    for refusal in REFUSALS.values():
        assert refusal.source
        assert refusal.status is None or 400 <= refusal.status < 600


@pytest.mark.parametrize(
    "path", ["/templates", "/v2/templates", "/templates/aliases/app", f"/templates/app/files/{HASH}"]
)
def test_a_key_is_required(api, path):
    del api.client.headers["X-API-Key"]
    assert refused(api.client.get(path), "no-key")
    assert refused(api.client.get(path, headers={"X-API-Key": KEY + "x"}), "wrong-key")
    assert refused(api.client.get(path, headers={"X-API-Key": b"\xff\xfe"}), "wrong-key")


def test_health_needs_no_key(api):
    del api.client.headers["X-API-Key"]
    assert api.client.get("/health").status_code == 200


def test_a_key_is_asked_for_before_the_body_is_read(api):
    del api.client.headers["X-API-Key"]
    assert refused(api.client.post("/v3/templates", content=b"{"), "no-key")


def test_unknown_paths_and_methods(api):
    assert refused(api.client.get("/sandboxes"), "no-such-path", path="/sandboxes")
    response = api.client.get("/v3/templates")
    assert refused(response, "no-such-method", path="/v3/templates", method="GET")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "it is not a JSON object"),
        (b'{"cpuCount": NaN}', "it is not JSON"),
        (b'{"cpuCount": "2"}', "/cpuCount must be of type integer"),
        (b'{"cpuCount": true}', "/cpuCount must be of type integer"),
        (b'{"cpuCount": 0}', "/cpuCount must be at least 1"),
        (b'{"memoryMB": 1}', "/memoryMB must be at least 128"),
        (b'{"memoryMB": 99999999999}', "/memoryMB must be at most 2147483647"),
        (b'{"name": null}', "/name must be of type string"),
        (b'{"tags": [1]}', "/tags/0 must be of type string"),
        (b'{"name": "%s"}' % (b"a" * 129), "/name must have 128 characters at most"),
    ],
)
def test_bodies(api, body, problem):
    response = api.client.post("/v3/templates", content=body, headers={"Content-Type": "application/json"})
    assert refused(response, "bad-body", problem=problem)


def test_a_body_must_be_declared_as_json(api):
    response = api.client.post("/v3/templates", content=b'{"name":"app"}', headers={"Content-Type": "text/plain"})
    assert refused(response, "bad-body", problem="its type must be application/json")


def test_a_password_is_never_repeated(api):
    ids = api.register().json()
    registry = {"type": "registry", "username": "u", "password": ["hunter2"]}
    response = api.start(ids, fromImageRegistry=registry)
    assert response.status_code == 400
    assert "hunter2" not in response.text


@pytest.mark.parametrize("name", ["", " ", "a b", "ä", "a/b/c", "Ünder", "a\n b", "a.b", "/a"])
def test_bad_names(api, name):
    response = api.register(name)
    assert response.status_code == 400
    assert "is not valid" in response.json()["message"]


@pytest.mark.parametrize("name", ["app:", "app:a b", "app:ä", f"app:{UUID}"])
def test_bad_tags(api, name):
    assert refused(api.register(name), "bad-tag", tag=name.partition(":")[2])


def test_a_name_is_required(api):
    assert refused(api.client.post("/v3/templates", json={}), "name-missing")


@pytest.mark.parametrize(
    ("name", "alias", "tags"),
    [
        ("app", "app", ["default"]),
        ("App", "app", ["default"]),
        (" app ", "app", ["default"]),
        ("app:v1", "app", ["v1"]),
        ("app:default", "app", ["default"]),
        ("local/app", "app", ["default"]),
        ("0-_", "0-_", ["default"]),
    ],
)
def test_names(api, name, alias, tags):
    response = api.register(name)
    assert response.status_code == 202
    assert response.json()["aliases"] == [alias]
    assert response.json()["names"] == [f"local/{alias}"]
    assert response.json()["tags"] == tags


def test_someone_elses_namespace(api):
    assert refused(
        api.register("other/app"), "bad-name", name="other/app", problem="the namespace is 'local' or left out"
    )


@pytest.mark.parametrize(
    ("provider", "cpu", "memory", "refusal"),
    [
        ("e2b", 1, 512, ""),
        ("e2b", 3, 512, "bad-cpu"),
        ("e2b", 34, 512, "bad-cpu"),
        ("e2b", 2, 129, "bad-memory"),
        ("baidu", 2, 2048, ""),
        ("baidu", 16, 16384, ""),
        ("baidu", 1, 2048, "bad-cpu"),
        ("baidu", 3, 4096, "bad-cpu"),
        ("baidu", 2, 1024, "bad-memory"),
        ("baidu", 2, 16384, "bad-memory"),
        ("baidu", 8, 4096, "bad-memory"),
    ],
)
def test_resources(serve, provider, cpu, memory, refusal):
    response = serve(provider).register(cpuCount=cpu, memoryMB=memory)
    assert response.status_code == (REFUSALS[refusal].status if refusal else 202)


def test_resources_that_are_not_given(serve):
    assert serve("baidu").register().status_code == 202
    assert serve("baidu").register(memoryMB=1024).status_code == 400


@pytest.mark.parametrize("call", ["status", "start"])
def test_build_ids(api, call):
    ids = api.register().json()
    assert refused(getattr(api, call)({**ids, "buildID": "x"}), "bad-build-id", build="x")
    missing = "no-status" if call == "status" else "no-build"
    assert refused(getattr(api, call)({**ids, "buildID": UUID}), missing, build=UUID)
    assert refused(getattr(api, call)({**ids, "templateID": "x"}), missing, build=ids["buildID"])


def test_a_build_starts_once(api):
    ids = api.register().json()
    assert api.start(ids).status_code == 202
    assert refused(api.start(ids), "not-waiting")


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"fromImage": "a", "fromTemplate": "b"}, "two-sources"),
        ({"fromImage": ""}, "no-source"),
    ],
)
def test_one_base(api, body, refusal):
    ids = api.register().json()
    assert refused(api.start(ids, **body), refusal)
    assert api.status(ids).json()["status"] == "error"  # the real service gives the build up as well


@pytest.mark.parametrize(
    ("provider", "body", "refusal", "values"),
    [
        ("aliyun-fc", {"steps": [{"type": "RUN", "args": ["true"]}]}, "steps-not-supported", {}),
        ("baidu", {"steps": [{"type": "COPY", "args": ["a", "b"]}]}, "copy-not-supported", {"title": "Baidu", "type": "COPY"}),
        ("baidu", {"steps": [{"type": "add", "args": ["a", "b"]}]}, "copy-not-supported", {"title": "Baidu", "type": "ADD"}),
        ("baidu", {"fromImageRegistry": {"type": "gcp", "serviceAccountJson": "{}"}}, "registry-not-supported", {"title": "Baidu", "type": "gcp"}),
    ],
)  # fmt: skip
def test_what_a_provider_does_not_take(serve, provider, body, refusal, values):
    api = serve(provider)
    ids = api.register().json()
    assert refused(api.start(ids, **body), refusal, **values)


def test_aliyun_takes_images_only(serve):
    api = serve("aliyun-fc")
    ids = api.register().json()
    url = f"/v2/templates/{ids['templateID']}/builds/{ids['buildID']}"
    response = api.client.post(url, json={"fromTemplate": "base"})
    assert refused(response, "from-template-not-supported", title="Aliyun FC")
    assert api.build("other", startCmd="sleep 1", readyCmd="true", steps=[])["status"] == "ready"


def test_upload_links(serve):
    api = serve("e2b")
    template = api.register().json()["templateID"]
    assert refused(api.client.get(f"/templates/{template}/files/{HASH[1:]}"), "bad-hash", hash=HASH[1:])
    assert refused(api.client.get(f"/templates/x/files/{HASH}"), "no-template", template="x")
    assert refused(api.client.put("/uploads/x", content=b""), "bad-upload")
    api = serve("baidu")
    template = api.register().json()["templateID"]
    response = api.client.get(f"/templates/{template}/files/{HASH}")
    assert refused(response, "copy-not-supported", title="Baidu", type="COPY")


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{"type": "EXPOSE", "args": ["80"]}], "command type EXPOSE is not implemented"),
        ([{"type": "RUN"}], "RUN requires an argument"),
        ([{"type": "USER", "args": []}], "USER requires an argument"),
        ([{"type": "ENV", "args": ["A"]}], "ENV requires both a key and a value"),
        ([{"type": "COPY", "args": ["a"]}], "COPY requires a local path and a container path"),
        ([{"type": "COPY", "args": ["a", "b"]}], "COPY requires the hash of its files"),
        ([{"type": "COPY", "args": ["a", "b"], "filesHash": HASH}], f"the files {HASH} were not uploaded"),
    ],
)
def test_steps_that_fail_a_build(api, steps, message):
    status = api.build(steps=[{"type": "RUN", "args": ["true"]}, *steps])
    assert status["status"] == "error"
    assert status["reason"]["message"] == message
    assert status["reason"]["step"] == "2"
    assert [entry["level"] for entry in status["reason"]["logEntries"]] == ["error"]


@pytest.mark.parametrize(
    "image", ["Debian", "a b", "http://x", "a:b:c", "scratch", "gcr.io/distroless/base:nonroot", "amazonlinux:2"]
)
def test_bases_that_fail_a_build(api, image):
    status = api.build(fromImage=image)
    assert status["status"] == "error"
    assert status["reason"]["step"] == "base"


def test_templates_per_user(serve):
    api = serve("baidu")
    for number in range(5):
        api.build(f"app{number}")
    assert refused(api.register("app5"), "too-many-templates", title="Baidu", count=5)
    assert api.register("app0").status_code == 202  # another build of one that exists
    assert api.client.delete("/templates/app1").status_code == 204
    assert api.register("app5").status_code == 202


def test_builds_of_a_template(serve):
    api = serve("baidu", Held())
    ids = api.register().json()
    api.start(ids)
    assert refused(api.register(), "template-busy", title="Baidu", template="app")
    api.finish()
    assert api.register().status_code == 202


def test_builds_of_a_template_that_were_registered_before(serve):
    api = serve("baidu", Held())
    first, second = api.register("app:a").json(), api.register("app:b").json()
    api.start(first)
    assert refused(api.start(second), "template-busy", title="Baidu", template="app")


def test_builds_at_a_time(serve):
    api = serve("baidu", Held())
    for name in ("a", "b"):
        api.start(api.register(name).json())
    assert refused(api.register("c"), "too-many-builds", title="Baidu", count=2)
    api.finish()
    assert api.register("c").status_code == 202


def test_without_quotas_a_newer_build_takes_over(held):
    first = held.register().json()
    held.start(first)
    second = held.register().json()
    assert held.start(second).status_code == 202
    assert held.status(first).json()["reason"]["message"] == REFUSALS["cancelled"].message
    held.finish()
    assert held.status(first).json()["status"] == "error"
    assert held.status(second).json()["status"] == "ready"


def test_a_build_that_was_not_started_is_superseded(api):
    first, other = api.register().json(), api.register("app:v2").json()
    api.register()
    assert api.status(first).json()["reason"]["message"] == REFUSALS["superseded"].message
    assert refused(api.start(first), "not-waiting")
    assert api.status(other).json()["status"] == "waiting"


@pytest.mark.parametrize(
    "query", [{"limit": 101}, {"limit": -1}, {"logsOffset": "x"}, {"logsOffset": 2**31}, {"level": "all"}]
)
def test_parameters(api, query):
    ids = api.register().json()
    assert refused(api.status(ids, **query), "bad-query", name=next(iter(query)))


def test_next_tokens(api):
    for token in ("x", "é", "AAAA"):
        assert refused(api.client.get("/v2/templates", params={"nextToken": token}), "bad-next-token")


def test_deleting_what_is_not_there(api):
    assert refused(api.client.delete("/templates/app"), "no-template", template="app")
    assert refused(api.client.get("/templates/aliases/app"), "no-template", template="app")
    api.register()
    assert refused(api.client.get("/templates/aliases/app:v1"), "no-tag", template="app", tag="v1")
