"""`d2t rule`, and the documentation that it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from d2t.cli.rule import command
from d2t.rules import RULES

DOCS = Path(__file__).parents[2] / "docs" / "rules.md"


def run(*args: str) -> Result:
    return CliRunner().invoke(command, args)


@pytest.mark.parametrize("given", ["D2T203", "d2t203", "expose-not-supported"])
def test_a_rule_says_what_why_where_and_what_to_do(given: str) -> None:
    done = run(given)
    assert done.exit_code == 0
    for part in ("D2T203 expose-not-supported (error)", "EXPOSE 80", "= help: remove the line", "Source: ", "--fix"):
        assert part in done.stdout
    assert all(len(line) <= 120 for line in done.stdout.splitlines())


@pytest.mark.parametrize("args", [(), ("D2T999",), ("D2T203", "--all"), ("expose-not-suported",)])
def test_wrong_usage(args: tuple[str, ...]) -> None:
    assert run(*args).exit_code == 2


def test_a_typo_gets_a_suggestion() -> None:
    assert "did you mean expose-not-supported?" in run("expose-not-suported").stderr


def test_json_is_an_object_or_an_array() -> None:
    assert json.loads(run("D2T203", "--format", "json").stdout)["fixable"] is True
    assert [item["code"] for item in json.loads(run("D2T203", "D2T201", "--format", "json").stdout)] == [
        "D2T203",
        "D2T201",
    ]
    assert {item["code"] for item in json.loads(run("--all", "--format", "json").stdout)} == set(RULES)


def test_the_documentation_is_what_the_command_writes() -> None:
    assert DOCS.read_text(encoding="utf-8") == run("--all", "--format", "markdown").stdout, (
        "d2t rule --all --format markdown > docs/rules.md"
    )
