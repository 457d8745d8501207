"""From what was seen to a verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from d2t import api
from d2t.providers import load
from d2t.verify.jobs import Job, Seen, Translated
from d2t.verify.judging import EmptyTemplate, Observed, judge
from d2t.verify.outcome import Outcome, Status
from d2t.verify.state import Entry, Files, Process, Start

FILE = Entry("file", 0o644, 0, 0, 1, "aa")
RUNS = Start(Process(("sleep", "300")))
IDLE = Start(exit_code=0)
PLAN = api.plan("FROM debian:12\nRUN make\n").plan


def outcome(
    docker: Entry = FILE,
    service: Entry = FILE,
    again: Entry | None = None,
    starts: tuple[Start, Start] = (RUNS, RUNS),
    starts_nothing: bool = False,
) -> Outcome:
    job = Job("D", Path("D"), Path(), load("e2b"), lambda config: Translated(None))
    seen = Seen("sandbox", *starts)
    translated = Translated(PLAN, starts_nothing=starts_nothing)
    item = Observed(job, None, translated, "docker", EmptyTemplate("base", "empty", None, None), seen)
    made = ("base", "RUN make")
    files = {"base": Files({}, {}, ("base",)), "empty": Files({})}
    files |= {"docker": Files({"/a": docker}, {"/a": 1}, made), "sandbox": Files({"/a": service})}
    return judge(item, files, lambda: Files({"/a": again}) if again else None)


def test_nothing_differs() -> None:
    assert outcome().status is Status.SAME


def test_a_difference_is_explained() -> None:
    found = outcome(service=replace(FILE, digest="bb"))
    assert found.status is Status.DIFFERENT
    assert [(cause.line, cause.instruction) for cause in found.causes] == [(2, "RUN make")]


def test_what_docker_does_not_repeat_is_left_out_and_named() -> None:
    found = outcome(service=replace(FILE, digest="bb"), again=replace(FILE, digest="cc"))
    assert found.status is Status.SAME
    assert "/a" in found.notes[0]
    assert outcome(service=replace(FILE, digest="bb"), again=FILE).status is Status.DIFFERENT


def test_a_mode_is_not_left_out() -> None:
    changed = replace(FILE, mode=0o600)
    assert outcome(service=changed, again=replace(FILE, digest="cc")).status is Status.DIFFERENT


@pytest.mark.parametrize(
    ("docker", "service", "starts_nothing", "status"),
    [
        (IDLE, Start(), True, Status.SAME),
        (IDLE, Start(), False, Status.DIFFERENT),
        (RUNS, Start(), True, Status.DIFFERENT),
        (Start(exit_code=0, output="x"), Start(), True, Status.DIFFERENT),
        (Start(exit_code=3), Start(exit_code=3), False, Status.FAILED),
        (RUNS, Start(exit_code=127), False, Status.FAILED),
    ],
)
def test_start_commands_that_end(docker: Start, service: Start, starts_nothing: bool, status: Status) -> None:
    assert outcome(starts=(docker, service), starts_nothing=starts_nothing).status is status
