"""The emitted TypeScript: type-checked, and run against the npm package."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import pytest
from templates import BY_HAND, make_context, sent, some, without_hashes

from d2t import template as tpl
from d2t.emit import emit
from d2t.emit.body import sendable

PACKAGES = Path(__file__).parent / "node" / "package.json"
COUNT = 60


def missing(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, which CI must have", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The npm packages that `node/package.json` names, installed once for all sessions of this user."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        missing("no node and npm here")
    key = hashlib.sha256(PACKAGES.read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "d2t-tests"
    folder = cache / f"node-{key}"
    if folder.exists():
        return folder / "node_modules"
    fresh = tmp_path_factory.mktemp("npm")
    shutil.copy(PACKAGES, fresh)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
    result = subprocess.run(command, cwd=fresh, capture_output=True, text=True)
    if result.returncode:
        missing(f"npm cannot install the packages: {result.stderr[-500:]}")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        shutil.move(fresh, cache / fresh.name)  # complete before it has its name
        (cache / fresh.name).rename(folder)
    except OSError:  # a read-only home, or another session was first
        return (folder if folder.exists() else fresh) / "node_modules"
    return folder / "node_modules"


@pytest.fixture
def project(node_modules: Path, tmp_path: Path) -> Path:
    """A project of a user: an ES module that has the packages, in the build context."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(PACKAGES, folder)
    (folder / "node_modules").symlink_to(node_modules)
    make_context(folder)
    return folder


def told(project: Path, codes: list[str]) -> list[Any]:
    """What the npm package would send for each code, once it has passed the type check."""
    names = [f"t{number}" for number in range(len(codes))]
    for name, code in zip(names, codes, strict=True):
        (project / f"{name}.ts").write_text(code, encoding="utf-8", newline="")
    tsc = [
        project / "node_modules/.bin/tsc",
        "--strict",
        "--noUnusedLocals",
        "--target",
        "es2022",
        "--module",
        "nodenext",
    ]
    sources = [f"{name}.ts" for name in names]
    checked = subprocess.run([*tsc, "--skipLibCheck", *sources], cwd=project, capture_output=True, text=True)
    assert checked.stdout + checked.stderr == ""
    script = f"""
        import {{ Template }} from 'e2b'
        const all = []
        for (const name of {json.dumps(names)}) {{
          const {{ template }} = await import(`./${{name}}.js`)
          all.push(JSON.parse(await Template.toJSON(template)))
        }}
        console.log(JSON.stringify(all))
    """
    (project / "all.mjs").write_text(script)
    run = subprocess.run(["node", "all.mjs"], cwd=project, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    return [without_hashes(found) for found in json.loads(run.stdout)]


def by_npm(template: tpl.Template) -> Any:
    """The request's body as the npm package makes it: it adds what it was told of links."""
    data = sent(template)
    for step, copy in zip(data["steps"], sendable(template), strict=True):
        if isinstance(copy, tpl.Copy) and copy.resolve_symlinks:
            step["resolveSymlinks"] = True
    return data


def test_it_is_typed_and_says_the_same(project: Path) -> None:
    templates = [*BY_HAND, *some(COUNT)]
    codes = [emit(template, "typescript", line_numbers=number % 2 == 0) for number, template in enumerate(templates)]
    for template, found in zip(templates, told(project, codes), strict=True):
        assert found == by_npm(template)


def test_the_context_and_the_credentials(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_USERNAME", "someone")
    monkeypatch.setenv("REGISTRY_PASSWORD", "secret")
    for name in ("it's", "folder"):
        make_context(project / name)
        (project / name / "only").write_text("here\n")
    copy = tpl.Template(tpl.FromImage("alpine"), (tpl.Copy("only", "/"),))
    codes = [
        emit(copy, "typescript", context=name, registry=True) for name in ("it's", "folder/.", str(project / "folder"))
    ]
    registry = {"type": "registry", "username": "someone", "password": "secret"}
    assert told(project, codes) == [{**sent(copy), "fromImageRegistry": registry}] * 3
    assert "secret" not in "".join(codes)


def test_it_builds_only_when_it_is_run(project: Path) -> None:
    code = emit(tpl.Template(tpl.FromImage("alpine"), name="web"), "typescript").replace("'e2b'", "'./fake.js'")
    fake = """
        export const Template = () => ({ fromImage: (image: string) => image })
        Template.build = async (template: string, name: string, options: object) =>
          console.log(JSON.stringify([template, name, Object.keys(options)]))
        export const defaultBuildLogger = () => 0
    """
    (project / "fake.ts").write_text(fake)
    (project / "web.ts").write_text(code)
    (project / "other.mjs").write_text("import { template } from './web.js'\nconsole.log(template)\n")
    tsc = [project / "node_modules/.bin/tsc", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "web.ts"]
    subprocess.run(tsc, cwd=project, check=True)

    def run(name: str) -> str:
        return subprocess.run(["node", name], cwd=project, check=True, capture_output=True, text=True).stdout

    assert run("other.mjs") == "alpine\n"
    assert json.loads(run("web.js")) == ["alpine", "web", ["cpuCount", "memoryMB", "onBuildLogs"]]
