"""BuildKit's own answers for generated Dockerfiles: ours must equal them."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from d2t.dockerfile.parse import read
from d2t.plan.base import read_config
from d2t.plan.document import document
from d2t.plan.planner import plan

GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
BASE = read_config({"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]})

pytestmark = pytest.mark.skipif(
    not GOLDEN.is_dir() and not os.environ.get("D2T_REQUIRE_GOLDEN"), reason="no golden answers beside the project"
)


def cases(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(GOLDEN / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def planned(case: dict[str, Any]) -> Any:
    """The plan's document, or the diagnostics of a refusal."""
    dockerfile, errors = read(case["dockerfile"])
    if errors:
        return errors
    found, errors = plan(
        dockerfile, build_args=case.get("build_args"), target=case.get("target", ""), bases=lambda reference: BASE
    )
    return document(found) if found else errors


def test_plans_equal_buildkits() -> None:
    wrong, count = [], 0
    for case in cases("plan"):
        count += 1
        found = planned(case)
        keys = ("base", "steps", "image")
        if not isinstance(found, dict) or any(found[key] != case[key] for key in keys):
            wrong.append(case["id"])
    assert count > 2000
    assert wrong == []


def test_what_buildkit_refuses_is_refused_at_its_line() -> None:
    accepted, elsewhere, count = [], [], 0
    for case in cases("errors"):
        count += 1
        found = planned(case)
        if isinstance(found, dict):
            accepted.append(case["id"])
        elif case.get("line") and case["line"] not in {error.line for error in found}:
            elsewhere.append(case["id"])
    assert count > 800
    assert accepted == []
    assert elsewhere == []
