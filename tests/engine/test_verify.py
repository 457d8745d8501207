"""`d2t verify` of each case, and that its "same" means something."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cases.load import Case, cases
from cases.verdicts import Verdicts, job_of, verdict
from click.testing import CliRunner

from d2t import api
from d2t.cli.verify import command
from d2t.diagnostics import Severity
from d2t.plan.build import ImageConfig
from d2t.providers import load
from d2t.template import RunCmd, SetUser, Template
from d2t.verify.jobs import Job
from d2t.verify.outcome import Outcome, to_text
from d2t.verify.run import Verifier
from d2t.verify.translation import job


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_a_case_is_the_same_or_told_of(case: Case, verdicts: Verdicts) -> None:
    outcome = verdicts.of(case)
    text = to_text(outcome)
    codes = {item.code for item in outcome.diagnostics if item.severity is not Severity.INFO}
    assert set(case.codes) <= codes, text
    expected = ("same", "refused", "warned") if case.verdict == "any" else (case.verdict,)
    assert verdict(outcome) in expected, text


def test_the_cases_cover_every_row() -> None:
    rows: dict[str, int] = {}
    for case in cases():
        rows[case.row] = rows.get(case.row, 0) + 1
    assert len(cases()) >= 130
    assert min(rows.values()) >= 5, rows


PLAIN = """\
FROM debian:bookworm-slim
RUN useradd -m -u 1500 app && mkdir /data && echo x > /data/file && ln -s file /data/link
ENV A=1
WORKDIR /data
USER app
CMD ["sleep", "300"]
"""


def _run(command: str) -> Callable[[Template], Template]:
    return lambda template: replace(template, steps=(*template.steps, RunCmd(command, "root", line=2)))


def _start(command: str) -> Callable[[Template], Template]:
    path = "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; "
    return lambda template: replace(template, start_cmd=path + command if command else "")


def _user(name: str) -> Callable[[Template], Template]:
    return lambda template: replace(template, steps=(*template.steps, SetUser(name)))


ROOT = {("start", "uid", ""), ("start", "gid", ""), ("later", "uid", ""), ("later", "gid", "")}

# what is done to the template, and what must be said to differ
MUTATIONS = {
    "nothing": (lambda template: template, set()),
    "a mode": (_run("chmod 600 /data/file"), {("files", "/data/file", "mode")}),
    "an owner": (_run("chown 7:8 /data/file"), {("files", "/data/file", "owner")}),
    "content": (_run("echo y > /data/file"), {("files", "/data/file", "content")}),
    "a missing file": (_run("rm /data/file"), {("files", "/data/file", "presence")}),
    "an extra file": (_run("touch /data/extra"), {("files", "/data/extra", "presence")}),
    "another type": (_run("rm /data/file; mkdir /data/file"), {("files", "/data/file", "kind")}),
    "a link's target": (_run("ln -sfn other /data/link"), {("files", "/data/link", "target")}),
    "an account": (_run("usermod -s /bin/bash app"), {("files", "/etc/passwd", "app")}),
    "a file of the base": (_run("chmod 700 /etc/issue"), {("files", "/etc/issue", "mode")}),
    "another argument": (_start("cd /data && A=1 exec sleep 301"), {("start", "argv", "")}),
    "another value": (_start("cd /data && A=2 exec sleep 300"), {("start", "env", "A")}),
    "another variable": (_start("cd /data && A=1 B=2 exec sleep 300"), {("start", "env", "B")}),
    "another folder": (_start("cd / && A=1 exec sleep 300"), {("start", "cwd", "")}),
    "another umask": (_start("cd /data && umask 077 && A=1 exec sleep 300"), {("start", "umask", "")}),
    "a child": (_start("cd /data; export A=1; sleep 299 & exec sleep 300"), {("start", "children", "")}),
    "an early end": (_start("true"), {("start", "state", "")}),
    "no start": (_start(""), {("start", "state", "")}),
    "another user": (_user("root"), ROOT),
}
BROKEN = {"a step that fails": _run("echo oh; exit 9"), "a start that fails": _start("echo no such thing; exit 3")}


@pytest.fixture(scope="module")
def mutants(verifier: Verifier, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """The outcomes of PLAIN with templates that were changed on their way."""
    folder = tmp_path_factory.mktemp("mutant")
    (folder / "Dockerfile").write_text(PLAIN, encoding="utf-8")

    def mutant(name: str, change: Callable[[Template], Template]) -> Job:
        def transpile(config: ImageConfig | None) -> api.Result:
            result = api.transpile(folder / "Dockerfile", provider="e2b", base_config=config)
            assert result.template is not None
            return result._replace(template=change(result.template))

        return job(name, folder / "Dockerfile", folder, load("e2b"), transpile)

    changes = {name: change for name, (change, _) in MUTATIONS.items()} | BROKEN
    return {found.name: found for found in verifier.verify([mutant(*item) for item in changes.items()])}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_template_is_seen(name: str, mutants: dict[str, Outcome]) -> None:
    expected = MUTATIONS[name][1]
    assert mutants[name].status.value == ("different" if expected else "same"), to_text(mutants[name])
    items = [item.difference for cause in mutants[name].causes for item in cause.differences]
    found = {(item.area, item.subject, item.aspect) for item in items}
    if all(area == "files" for area, _, _ in expected):
        assert found == expected
    assert found >= expected


def test_a_step_that_fails_is_named(mutants: dict[str, Outcome]) -> None:
    outcome = mutants["a step that fails"]
    assert (outcome.status.value, outcome.line) == ("failed", 2)
    assert "exit status 9" in outcome.message


def test_a_start_command_that_fails_fails_the_build(mutants: dict[str, Outcome]) -> None:
    outcome = mutants["a start that fails"]
    assert outcome.status.value == "failed"
    assert "status 3" in outcome.message
    assert "no such thing" in outcome.message


def test_files_that_docker_itself_does_not_repeat_are_left_out(verifier: Verifier, tmp_path: Path) -> None:
    text = "FROM debian:bookworm-slim\nRUN od -An -N8 -tx8 /dev/urandom > /random && echo x > /fixed\n"
    case = Case("random", "", text)
    (outcome,) = verifier.verify([job_of(case, tmp_path / "case")])
    assert outcome.status.value == "same"
    assert "/random" in outcome.notes[0]


def test_the_command(leftovers: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good").mkdir()
    Path("good/Dockerfile").write_text("FROM debian:bookworm-slim\nRUN echo x > /made\n")
    Path("bad.Dockerfile").write_text("FROM debian:bookworm-slim\nCOPY --from=nowhere/image /x /x\n")
    done = CliRunner().invoke(command, ["--provider", "e2b", "good/Dockerfile"])
    assert (done.exit_code, done.stdout) == (0, "good/Dockerfile: same\n"), done.stderr
    done = CliRunner().invoke(command, ["--provider", "e2b", "--json", "missing", "good/Dockerfile", "bad.Dockerfile"])
    assert done.exit_code == 2
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["same", "refused"]
    assert "missing" in done.stderr
