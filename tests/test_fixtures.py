"""What d2t makes of the fixtures is what the expected files beside them say."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

import pytest
from golden import FIXTURES, PROVIDERS, answers, fixtures, recorded


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("folder", fixtures(), ids=lambda folder: folder.name)
def test_answers_are_the_expected_ones(folder: Path, provider: str) -> None:
    now, expected = answers(folder, provider), recorded(folder, provider)
    difference = []
    for name in sorted(now.keys() | expected.keys()):
        if name not in now or name not in expected:
            difference.append(f"{folder.name}/{name} is {'new' if name in now else 'expected no more'}\n")
        before, after = (files.get(name, "").splitlines(keepends=True) for files in (expected, now))
        difference.extend(unified_diff(before, after, f"{folder.name}/{name}", "d2t now"))
    if now != expected:
        pytest.fail("`python -m tests.golden` accepts this:\n" + "".join(difference), pytrace=False)


def test_expected_files_belong_to_a_fixture_and_a_provider() -> None:
    known = {folder / name for folder in fixtures() for provider in PROVIDERS for name in recorded(folder, provider)}
    assert set(FIXTURES.rglob("expected*")) - known == set()


def test_a_template_is_refused_only_with_an_error() -> None:
    for folder in fixtures():
        for provider in PROVIDERS:
            files = recorded(folder, provider)
            refused = " error D2T" in files.get(f"expected.{provider}.txt", "")
            assert refused == (f"expected.{provider}.py" not in files), (folder.name, provider)


@pytest.mark.parametrize(("provider", "least"), [("baidu", 12), ("e2b", 25)])
def test_most_fixtures_translate(provider: str, least: int) -> None:
    assert sum(f"expected.{provider}.py" in recorded(folder, provider) for folder in fixtures()) >= least
