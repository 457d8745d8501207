"""The expected files of `fixtures/dockerfiles/`: `python -m tests.golden` writes them anew."""

from __future__ import annotations

import tomllib
from pathlib import Path

from d2t.api import transpile
from d2t.context import scan
from d2t.emit import emit
from d2t.report import Report, render

FIXTURES = Path(__file__).parents[1] / "fixtures" / "dockerfiles"
PROVIDERS = ("baidu", "e2b")


def fixtures() -> list[Path]:
    """The folders, one Dockerfile each."""
    return sorted(path.parent for path in FIXTURES.glob("*/Dockerfile"))


def answers(folder: Path, provider: str) -> dict[str, str]:
    """What d2t says now, by the name of the expected file that must hold it."""
    dockerfile, options = folder / "Dockerfile", folder / "options.toml"
    # the context's root is part of the emitted code: it must not depend on where the project lies
    result = transpile(
        dockerfile,
        provider=provider,
        context=lambda: scan(folder)._replace(root="."),
        **(tomllib.loads(options.read_text(encoding="utf-8")) if options.exists() else {}),
    )
    found = {}
    if result.diagnostics:
        report = Report("Dockerfile", dockerfile.read_bytes().decode(), result.diagnostics)
        found[f"expected.{provider}.txt"] = render([report], "concise")
    if result.template is not None:
        found[f"expected.{provider}.py"] = emit(result.template, "python")
        found[f"expected.{provider}.json"] = emit(result.template, "json")
    return found


def recorded(folder: Path, provider: str) -> dict[str, str]:
    """The expected files as they are."""
    return {path.name: path.read_bytes().decode() for path in sorted(folder.glob(f"expected.{provider}.*"))}


def refresh() -> list[Path]:
    """Write what differs, remove what is not expected any more; returns the paths touched."""
    touched = []
    for folder in fixtures():
        for provider in PROVIDERS:
            now, before = answers(folder, provider), recorded(folder, provider)
            for name in sorted(now.keys() | before.keys()):
                path = folder / name
                if name not in now:
                    path.unlink()
                elif now[name] != before.get(name):
                    path.write_bytes(now[name].encode())
                else:
                    continue
                touched.append(path)
    return touched


if __name__ == "__main__":
    for path in refresh():
        print(path.relative_to(FIXTURES))
