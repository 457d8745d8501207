"""Which line of the Dockerfile a failed build is about."""

from __future__ import annotations

import pytest

from d2t import api, providers
from d2t.service import Reason, failed_step
from d2t.template import Copy, FromImage, FromTemplate, RunCmd, SetEnvs, SetUser, SetWorkdir, Template

TEMPLATE = Template(
    FromImage("debian:12"),
    (
        RunCmd("echo path", line=0, why="added"),
        RunCmd("make   all &&\n  make install", line=3),
        SetEnvs((("A", "1"), ("B", "2")), line=5),
        SetWorkdir("/srv", line=6),
        SetUser("app", line=7),
        Copy("app.py", "/srv/", line=8),
        RunCmd("x" * 100, line=9),
    ),
)
TEXT = """FROM debian:12
# the tools
RUN make   all && \\
    make install
ENV A=1 B=2
WORKDIR /srv
USER app
RUN true
RUN true
CMD ["serve"]
"""
PLAN = api.plan(TEXT).plan
BAIDU = providers.load("baidu")


@pytest.mark.parametrize(
    ("step", "line", "what"),
    [
        ("base", 1, "the base debian:12"),
        ("1", None, "step 1 of 7 (RUN echo path, which d2t added)"),
        ("2", 3, "step 2 of 7 (RUN make all && make install)"),
        ("3", 5, "step 3 of 7 (ENV A B)"),
        ("4", 6, "step 4 of 7 (WORKDIR /srv)"),
        ("5", 7, "step 5 of 7 (USER app)"),
        ("6", 8, "step 6 of 7 (COPY app.py /srv/)"),
        ("7", 9, f"step 7 of 7 (RUN {'x' * 56}…)"),
        ("finalize", 10, "the start or ready command"),
        ("8", None, "step 8"),
        ("0", None, "step 0"),
        ("²", None, "step ²"),
        ("optimize", None, "step optimize"),
        ("", None, "the build"),
    ],
)
def test_the_line_of_a_step(step: str, line: int | None, what: str) -> None:
    found = failed_step(TEMPLATE, PLAN, Reason("exit status 2\n", step), BAIDU)
    assert (found.code, found.line, found.message) == ("D2T505", line, f"{what} failed on Baidu: exit status 2")


def test_the_instruction_is_marked() -> None:
    span = failed_step(TEMPLATE, PLAN, Reason("no", "2"), BAIDU).span
    assert span is not None
    assert (span.line, span.column, span.end_column) == (3, 1, 4)


def test_without_a_plan_or_a_reason() -> None:
    template = Template(FromTemplate("base"))
    found = failed_step(template, None, Reason("gone", "base"), BAIDU)
    assert (found.line, found.message) == (None, "the base base failed on Baidu: gone")
    assert failed_step(template, None, Reason("gone", "finalize"), BAIDU).line is None
    assert failed_step(template, None, None, BAIDU).message == "the build failed on Baidu: the service does not say why"
