"""The emitted TypeScript: type-checked, and run against the npm package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from templates import BY_HAND, any_template

from d2t.emit import emit
from d2t.emit.body import body
from d2t.template import Template

NODE = Path(__file__).parent / "node"
COUNT = 40


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the npm packages that `node/package.json` names."""
    if shutil.which("npm") is None:
        if os.environ.get("CI"):
            pytest.fail("npm is needed in CI")
        pytest.skip("no npm here")
    folder = tmp_path_factory.mktemp("node")
    shutil.copy(NODE / "package.json", folder)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if result.returncode:
        if os.environ.get("CI"):
            pytest.fail(result.stderr[-2000:])
        pytest.skip("npm cannot install the packages")
    return folder


def templates() -> list[Template]:
    """Those by hand, and some that hypothesis finds."""
    found = list(BY_HAND)

    @settings(max_examples=COUNT, database=None, suppress_health_check=list(HealthCheck))
    @given(any_template())
    def collect(template: Template) -> None:
        found.append(template)

    collect()
    return found


def test_it_is_typed_and_says_the_same(node: Path) -> None:
    cases = templates()
    for number, template in enumerate(cases):
        (node / f"t{number}.ts").write_text(
            emit(template, "typescript", line_numbers=True), encoding="utf-8", newline=""
        )
    tsc = ["npx", "--no-install", "tsc", "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck"]
    checked = subprocess.run([*tsc, *(f"t{n}.ts" for n in range(len(cases)))], cwd=node, capture_output=True, text=True)
    assert checked.stdout == ""
    script = "\n".join(
        [
            "import { Template } from 'e2b'",
            "const all = []",
            *(
                f"all.push(JSON.parse(await Template.toJSON((await import('./t{n}.js')).template)))"
                for n in range(len(cases))
            ),
            "console.log(JSON.stringify(all))",
        ]
    )
    (node / "all.mjs").write_text(script)
    run = subprocess.run(["node", "all.mjs"], cwd=node, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    for template, found in zip(cases, json.loads(run.stdout), strict=True):
        assert found == body(template)
