"""Differences go back to the instruction that caused them."""

from __future__ import annotations

from d2t import api
from d2t.diagnostics import Diagnostic, Severity, Span
from d2t.providers import load
from d2t.verify.compare import Difference
from d2t.verify.explain import Cause, explain
from d2t.verify.state import Files

E2B = load("e2b")
DOCKERFILE = """\
FROM debian:12
RUN echo 1 > /one
ENV A=1
WORKDIR /srv
COPY a /srv/
RUN echo 2 > /two
USER app
CMD ["serve"]
"""
MADE_BY = ("base", "RUN /bin/sh -c echo 1", "WORKDIR /srv", "COPY a /srv/ # buildkit", "RUN /bin/sh -c echo 2")


def causes(*differences: Difference, touched: dict[str, int] | None = None, warning: Diagnostic | None = None):  # type: ignore[no-untyped-def]
    plan = api.plan(DOCKERFILE).plan
    assert plan is not None
    docker = Files({}, touched or {}, MADE_BY)
    return explain(differences, plan, docker, 1, E2B, [warning] if warning else [])


def lines(found: tuple[Cause, ...]) -> list[int]:
    return [cause.line for cause in found]


def gone(path: str) -> Difference:
    return Difference("files", path, "presence", "file 0644 0:0", "")


def test_a_file_goes_back_to_the_layer_that_touched_it() -> None:
    touched = {"/two": 4, "/one": 1, "/srv": 2, "/srv/a": 3, "/bin/sh": 0}
    found = causes(gone("/two"), gone("/one"), gone("/srv/a"), gone("/bin/sh"), gone("/srv"), touched=touched)
    assert lines(found) == [2, 4, 5, 6, 0]
    assert found[0].instruction == "RUN echo 1 > /one"


def test_an_extra_file_goes_back_to_the_folder_it_is_in() -> None:
    assert lines(causes(Difference("files", "/srv/x/y", "presence", "", "file"), touched={"/srv": 2})) == [4]


def test_processes_go_back_to_what_sets_them() -> None:
    def line(area: str, subject: str, aspect: str = "") -> int:
        (cause,) = causes(Difference(area, subject, aspect, "1", "2"))
        return cause.line

    assert line("start", "env", "A") == 3
    assert line("start", "env", "HOME") == 7
    assert line("later", "uid") == 7
    assert line("start", "cwd") == 4
    assert line("start", "argv") == 8
    assert line("start", "env", "OTHER") == 0


def test_what_login_shells_do_goes_back_to_the_step_that_told_them() -> None:
    for difference in (
        Difference("later", "umask", "", "0022", "0077"),
        Difference("later", "cwd", "", "/", "/x"),
        Difference("later", "env", "NEW", "", "=1"),
    ):
        (cause,) = causes(difference, touched={"/root/.bashrc": 1, "/etc/profile": 0})
        assert cause.line == 2
    (cause,) = causes(Difference("start", "cwd", "", "/", "/x"), touched={"/root/.bashrc": 1})
    assert cause.line == 4


def test_what_no_instruction_says_comes_from_the_base() -> None:
    plan = api.plan("FROM debian:12\nRUN make\n").plan
    assert plan is not None
    for subject in ("uid", "cwd", "argv"):
        (cause,) = explain([Difference("start", subject, "", "1", "2")], plan, Files({}), 1, E2B)
        assert (cause.line, cause.instruction) == (1, "FROM debian:12")


def test_a_warning_on_the_same_line_announces() -> None:
    warning = Diagnostic("D2T309", Severity.WARNING, "m", Span(2, 5, 2, 9))
    note = Diagnostic("D2T303", Severity.INFO, "m", Span(2, 5, 2, 9))
    elsewhere = Diagnostic("D2T309", Severity.WARNING, "m", Span(6, 5, 6, 9))

    def announced(item: Diagnostic) -> tuple[str, ...]:
        (cause,) = causes(gone("/one"), touched={"/one": 1}, warning=item)
        return cause.differences[0].announced_by  # type: ignore[no-any-return]

    assert announced(warning) == ("D2T309",)
    assert announced(note) == announced(elsewhere) == ()


def test_each_difference_is_explained_in_one_line() -> None:
    known = {
        gone("/tmp/x"): "started? afresh|starts the machine afresh",
        Difference("files", "/usr/local/x", "mode", "4755", "0777"): "chmod -R 777",
        Difference("files", "/home/user/x", "owner", "0:0", "1:1"): "its own user",
        Difference("files", "/etc/passwd", "app", "a", "b"): "account app",
        Difference("start", "env", "PATH", "=/x", "=/y"): "resets PATH",
    }
    for difference, text in known.items():
        ((explained,),) = [cause.differences for cause in causes(difference)]
        assert any(part in explained.why for part in text.split("|")), explained.why
    for subject in ("uid", "gid", "groups", "cwd", "umask", "argv", "children", "state", "output"):
        for area in ("start", "later") if subject in ("uid", "gid", "groups", "cwd", "umask") else ("start",):
            (cause,) = causes(Difference(area, subject, "", "1", "2"))
            assert cause.differences[0].why
            assert "\n" not in cause.differences[0].why
