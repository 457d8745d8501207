"""The description of the service, and schemathesis: every answer to every request is one that it describes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator

from d2t import providers
from d2t.local.app import Service
from d2t.local.builder import Validator
from d2t.local.description import description
from d2t.local.refusals import REFUSALS
from d2t.local.store import Store
from tests.local.client import KEY

schemathesis = pytest.importorskip("schemathesis")

STORE = Store()
SERVICE = Service(STORE, providers.load("e2b"), Validator(), KEY)
SCHEMA = schemathesis.openapi.from_dict(description())
SCHEMA.app = SERVICE.app()
SCHEMA.config.generation.update(modes=[schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
TURN = itertools.count()


@pytest.fixture(scope="module", autouse=True)
def _close():
    yield
    SERVICE.workers.close()
    STORE.close()


def aim(case):
    """Every other request names a template and a waiting build that exist; random ids would only ever be unknown."""
    if next(TURN) % 2 or not isinstance(case.path_parameters, dict):
        return
    build = STORE.add("known", ("default",), 2, 1024)
    for name, value in (("templateID", build.template.id), ("buildID", build.id), ("alias", "known")):
        if name in case.path_parameters:
            case.path_parameters[name] = value


@SCHEMA.parametrize()
@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described(case):
    aim(case)
    response = case.call(headers={"X-API-Key": KEY})
    checks = schemathesis.checks
    left_out = [
        checks.not_a_server_error,  # looked at below
        checks.positive_data_acceptance,  # a well-formed request may name what does not exist
    ]
    if case.method == "GET":
        left_out.append(checks.negative_data_rejection)  # unknown parameters are ignored, as E2B does
    case.validate_response(response, excluded_checks=left_out)
    if response.status_code >= 500:
        messages = {REFUSALS[name].message for name in ("no-source", "two-sources")}
        assert response.json()["message"] in messages


def test_the_description_is_of_this_service():
    """Each path that it names is a route, and but for the link for uploads and names with a namespace all routes are in it."""
    described = {(path, method.upper()) for path, item in description()["paths"].items() for method in item}
    routes = {
        (route.path.replace(":path", ""), method)
        for route in SCHEMA.app.routes
        for method in route.methods - {"HEAD"}
        if not route.path.startswith(("/uploads", "/templates/local/"))
    }
    names = {"{template}": "{templateID}", "{build}": "{buildID}"}
    for old, new in names.items():
        routes = {(path.replace(old, new), method) for path, method in routes}
    assert described == routes


def test_its_schemas_are_schemas():
    for schema in description()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_status_of_a_refusal_is_described():
    described = {
        int(code) for item in description()["paths"].values() for op in item.values() for code in op["responses"]
    }
    assert {each.status for each in REFUSALS.values() if each.status} - described == {
        403,
        405,
    }  # of uploads; of no route
