"""The hooks for pre-commit, run by the real pre-commit in a scratch repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("d2t", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
BAD = "FROM debian:12\nEXPOSE 8080\nCMD serve\n"
FIXED = "FROM debian:12\n# d2t: ready=port:8080\nCMD serve\n"

pytest.importorskip("pre_commit")
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="pre-commit needs git")


def git(folder: Path, *args: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *identity, *args], cwd=folder, check=True, stdout=subprocess.PIPE, text=True, env=environment()
    ).stdout.strip()


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull}


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository with the project as it is now, and its commit."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, folder / name)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")
    return folder, git(folder, "rev-parse", "HEAD")


@pytest.fixture(
    params=[
        "system",  # this environment's d2t
        pytest.param(
            "python",  # installed from the package index, as users have it
            marks=pytest.mark.skipif(not os.environ.get("CI"), reason="installs packages: only where CI is set"),
        ),
    ]
)
def repository(request: pytest.FixtureRequest, tmp_path: Path, hooks: tuple[Path, str]) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    source, revision = hooks
    (folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {source}\n  rev: {revision}\n  hooks:\n"
        f"  - {{id: d2t-lint, language: {request.param}, args: [--output-format, concise, --min-severity, error]}}\n"
        f"  - {{id: d2t-lint-fix, language: {request.param}, stages: [manual]}}\n"
    )
    for name in ("Dockerfile", "sub/web.Dockerfile", "Containerfile", "Dockerfile.j2", "Dockerfile.dockerignore"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(BAD)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    return folder


def run(folder: Path, tmp_path: Path, *args: str) -> subprocess.CompletedProcess[str]:
    commands = tmp_path / "bin"
    if not commands.exists():
        commands.mkdir()
        (commands / "d2t").write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m d2t "$@"\n')
        (commands / "d2t").chmod(0o755)
    path = os.pathsep.join([str(commands), os.environ.get("PATH", os.defpath)])
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files", *args],
        cwd=folder,
        env={**environment(), "PATH": path, "PRE_COMMIT_HOME": str(tmp_path / "home"), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_lint_names_what_will_not_translate(repository: Path, tmp_path: Path) -> None:
    done = run(repository, tmp_path, "d2t-lint")
    assert done.returncode == 1, done.stdout
    found = sorted(line.split(":")[0] for line in done.stdout.splitlines() if "D2T203" in line)
    assert found == ["Containerfile", "Dockerfile", "sub/web.Dockerfile"]


def test_fix_repairs_it(repository: Path, tmp_path: Path) -> None:
    done = run(repository, tmp_path, "d2t-lint-fix", "--hook-stage", "manual")
    assert done.returncode == 1, done.stdout
    assert "files were modified by this hook" in done.stdout
    assert (repository / "sub/web.Dockerfile").read_text() == FIXED
    assert (repository / "Dockerfile.j2").read_text() == BAD
    git(repository, "add", "-A")
    assert run(repository, tmp_path, "d2t-lint").returncode == 0
