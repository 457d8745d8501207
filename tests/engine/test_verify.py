"""`d2t verify` of each case, and that its "same" means something."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cases.load import Case, cases
from conftest import BASE, Verdicts, job_of

from d2t.diagnostics import Severity


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_a_case_is_the_same_or_told_of(case: Case, verdicts: Verdicts) -> None:
    from d2t.verify.outcome import to_text

    outcome = verdicts.of(case)
    text = to_text(outcome)
    codes = {item.code for item in outcome.diagnostics if item.severity is not Severity.INFO}
    assert set(case.codes) <= codes, text
    if case.verdict == "any":
        told = outcome.status.value in ("same", "refused") or outcome.announced
        assert told, text
    elif case.verdict == "warned":
        assert outcome.status.value == "different", text
        assert outcome.announced, text
    else:
        assert outcome.status.value == case.verdict, text


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

# (what is done to the template, what the report must say differs)
MUTATIONS = {
    "nothing": ("", set()),
    "a mode": ("chmod 600 /data/file", {("files", "/data/file", "mode")}),
    "an owner": ("chown 7:8 /data/file", {("files", "/data/file", "owner")}),
    "content": ("echo y > /data/file", {("files", "/data/file", "content")}),
    "a missing file": ("rm /data/file", {("files", "/data/file", "presence")}),
    "an extra file": ("touch /data/extra", {("files", "/data/extra", "presence")}),
    "another type": ("rm /data/file; mkdir /data/file", {("files", "/data/file", "kind")}),
    "a link's target": ("ln -sfn other /data/link", {("files", "/data/link", "target")}),
    "an account": ("usermod -s /bin/bash app", {("files", "/etc/passwd", "app")}),
    "a file of the base": ("chmod 700 /etc/issue", {("files", "/etc/issue", "mode")}),
}


@pytest.fixture(scope="module")
def mutant(engine: Any, local_engine: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Verifies PLAIN with a template that was changed on its way."""
    from d2t import api
    from d2t.providers import load
    from d2t.verify.run import Verifier
    from d2t.verify.translation import job

    folder = tmp_path_factory.mktemp("mutant")
    (folder / "Dockerfile").write_text(PLAIN, encoding="utf-8")

    def verify(change: Any) -> Any:
        def transpile(config: Any) -> Any:
            result = api.transpile(folder / "Dockerfile", provider="e2b", base_config=config)
            return replace(result, template=change(result.template))

        with Verifier(engine, local_engine) as verifier:
            (outcome,) = verifier.verify([job("mutant", folder / "Dockerfile", folder, load("e2b"), transpile)])
        return outcome

    return verify


def found(outcome: Any) -> set[tuple[str, str, str]]:
    items = [item.difference for cause in outcome.causes for item in cause.differences]
    return {(item.area, item.subject, item.aspect) for item in items}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_file_is_seen(name: str, mutant: Any) -> None:
    from d2t.template import RunCmd

    command, expected = MUTATIONS[name]
    steps = (RunCmd(command, "root"),) if command else ()
    outcome = mutant(lambda template: replace(template, steps=(*template.steps, *steps)))
    assert found(outcome) == expected
    assert outcome.status.value == ("different" if expected else "same")


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("cd /data && A=1 exec sleep 301", {("start", "argv", "")}),
        ("cd /data && A=2 exec sleep 300", {("start", "env", "A")}),
        ("cd /data && A=1 B=2 exec sleep 300", {("start", "env", "B")}),
        ("cd / && A=1 exec sleep 300", {("start", "cwd", "")}),
        ("cd /data && umask 077 && A=1 exec sleep 300", {("start", "umask", "")}),
        ("cd /data && export A=1; sleep 299 & exec sleep 300", {("start", "children", "")}),
        ("true", {("start", "state", "")}),
        ("", {("start", "state", "")}),
    ],
)
def test_a_wrong_start_command_is_seen(start: str, expected: set[Any], mutant: Any) -> None:
    path = "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; " if start else ""
    assert found(mutant(lambda template: replace(template, start_cmd=path + start))) >= expected


def test_a_wrong_user_is_seen(mutant: Any) -> None:
    from d2t.template import SetUser

    def run_as_root(template: Any) -> Any:
        return replace(template, steps=(*template.steps, SetUser("root")))

    seen = found(mutant(run_as_root))
    assert {("start", "uid", ""), ("start", "gid", ""), ("later", "uid", ""), ("later", "gid", "")} <= seen


def test_a_template_that_does_not_build_has_failed(mutant: Any) -> None:
    from d2t.template import RunCmd

    outcome = mutant(lambda template: replace(template, steps=(*template.steps, RunCmd("exit 9", line=2))))
    assert (outcome.status.value, outcome.line) == ("failed", 2)


def test_a_start_command_that_fails_has_failed(mutant: Any) -> None:
    outcome = mutant(lambda template: replace(template, start_cmd="echo no such thing; exit 3"))
    assert outcome.status.value == "failed"
    assert "status 3" in outcome.message
    assert "no such thing" in outcome.message


def test_files_that_docker_itself_does_not_repeat_are_left_out(engine: Any, local_engine: Any, tmp_path: Path) -> None:
    from d2t.verify.run import Verifier

    text = f"FROM {BASE}\nRUN od -An -N8 -tx8 /dev/urandom > /random && echo x > /fixed\n"
    case = Case("random", "", text)
    with Verifier(engine, local_engine) as verifier:
        (outcome,) = verifier.verify([job_of(case, tmp_path / "case")])
    assert outcome.status.value == "same"
    assert "/random" in outcome.notes[0]


def test_the_command(engine: Any, leftovers: None, d2t_verify: Any, tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "Dockerfile").write_text(f"FROM {BASE}\nRUN echo x > /made\n")
    (tmp_path / "bad.Dockerfile").write_text(f"FROM {BASE}\nCOPY --from=nowhere/image /x /x\n")
    done = d2t_verify("--provider", "e2b", "good/Dockerfile", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "good/Dockerfile: same\n"), done.stderr
    done = d2t_verify("--provider", "e2b", "--json", "good/Dockerfile", "bad.Dockerfile", cwd=tmp_path)
    assert done.returncode == 1
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["same", "refused"]
    done = d2t_verify("--provider", "e2b", "missing/Dockerfile", "good/Dockerfile", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "good/Dockerfile: same\n")
    assert "missing/Dockerfile" in done.stderr
