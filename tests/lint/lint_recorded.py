"""What lint says of the fixtures: `python -m tests.lint.lint_recorded` writes `findings.txt` beside each Dockerfile anew."""

from __future__ import annotations

from pathlib import Path

from d2t import api
from d2t.report import Report, render

FIXTURES = Path(__file__).parents[2] / "fixtures" / "dockerfiles"
PROVIDERS = ("baidu", "e2b")
NAME = "findings.txt"


def folders() -> list[Path]:
    """The fixtures, one Dockerfile each."""
    return sorted(path.parent for path in FIXTURES.glob("*/Dockerfile"))


def findings(folder: Path) -> str:
    """What lint says now, a line for each finding."""
    dockerfile = folder / "Dockerfile"
    report = Report("Dockerfile", dockerfile.read_bytes().decode(), api.lint(dockerfile, PROVIDERS))
    return render([report], "concise")


if __name__ == "__main__":
    for folder in folders():
        path, text = folder / NAME, findings(folder)
        if not path.exists() or path.read_bytes() != text.encode():
            path.write_bytes(text.encode())
            print(path.relative_to(FIXTURES))
