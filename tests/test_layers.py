"""Imports go downwards only, and the pure layers stay pure."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "d2t"

# from the bottom; a module may import what stands before its own layer, and its own layer
LAYERS = [
    "diagnostics patterns template",
    "dockerfile",
    "plan",
    "providers ready",
    "rules",
    "lower",
    "emit report lint",
    "api context compose config discover",
    "service",
    "local",
    "bases",
    "verify",
    "cli",
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names.split()}
PURE = ("diagnostics", "patterns", "template", "dockerfile", "plan", "ready", "rules", "lower", "lint")
TOUCHING = {
    "subprocess",
    "socket",
    "time",
    "random",
    "tempfile",
    "shutil",
    "pathlib",
    "logging",
    "urllib.request",
    "http",
}
ONLY_IMPORTER = {"e2b": "service", "e2b_dockerfile_utils": "dockerfile/port.py"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> list[str]:
    """Every module that a file imports, wherever in the file."""
    names = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" if node.module == "d2t" else node.module for alias in node.names]
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downwards(path: Path) -> None:
    own = layer(path)
    if own in ("__init__", "__main__"):
        return
    assert own in RANK, f"{own} has no place among the layers"
    for name in imported(path):
        parts = name.split(".")
        if (own, name) == ("template", "d2t.service.sdk"):
            continue  # Template.to_e2b, a method for users, hands over to the service when it is called
        if parts[0] == "d2t" and len(parts) > 1 and parts[1] in RANK:
            assert RANK[parts[1]] <= RANK[own], f"{path.relative_to(PACKAGE)} imports {name}"


@pytest.mark.parametrize(
    "path", [path for path in modules() if layer(path) in PURE], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_pure_layers_touch_nothing(path: Path) -> None:
    assert not TOUCHING.intersection(imported(path))
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "open", "input", "eval", "exec"), f"line {node.lineno}"


@pytest.mark.parametrize(("library", "place"), ONLY_IMPORTER.items())
def test_a_library_has_one_importer(library: str, place: str) -> None:
    for path in modules():
        if any(name.split(".")[0] == library for name in imported(path)):
            assert str(path.relative_to(PACKAGE)).startswith(place), path


def test_files_stay_short() -> None:
    long = {
        str(path.relative_to(PACKAGE)): count
        for path in modules()
        if (count := len(path.read_text("utf-8").splitlines())) > 420
    }
    assert long == {}
