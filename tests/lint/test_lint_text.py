"""Linting a text: ignores, choice, several providers, and files with errors."""

from __future__ import annotations

import pytest

import d2t
from d2t.diagnostics import Diagnostic, Severity
from d2t.lint import Choice, ChoiceError


def codes(found: tuple[Diagnostic, ...]) -> list[str]:
    return [item.code for item in found]


def test_findings_are_in_file_order_with_their_fixes() -> None:
    found = d2t.lint("FROM debian:12\nEXPOSE 80\nCOPY a /b\nCMD serve\n", select=["D2T2"])
    assert codes(found) == ["D2T203", "D2T201"]
    assert found[0].edits
    assert not found[1].edits


@pytest.mark.parametrize(
    ("comment", "where", "hidden"),
    [
        ("# d2t: ignore=D2T203", "above", True),
        ("# d2t: ignore=D2T201,D2T203 reached anyway", "above", True),
        ("# D2T: ignore=d2t203", "above", True),
        ("# d2t: ignore=D2T203", "top", True),
        ("# d2t: ignore=D2T203", "below", False),
        ("# d2t: ignore=D2T204", "above", False),
        ("# ignore=D2T203", "above", False),
    ],
)
def test_a_comment_hides_findings(comment: str, where: str, hidden: bool) -> None:
    lines = ["FROM debian:12", "RUN make", "EXPOSE 80", "RUN make install"]
    lines.insert({"top": 0, "above": 2, "below": 3}[where], comment)
    assert ("D2T203" in codes(d2t.lint("\n".join(lines)))) is not hidden


def test_a_comment_above_the_first_instruction_counts_for_the_whole_file() -> None:
    text = "FROM debian:12\nEXPOSE 80\nRUN make\nEXPOSE 81\n"
    assert codes(d2t.lint(text, select=["D2T203"])) == ["D2T203", "D2T203"]
    assert not d2t.lint("# d2t: ignore=D2T203\n" + text, select=["D2T203"])


def test_a_comment_reaches_all_lines_of_its_instruction_and_no_other() -> None:
    text = "FROM debian:12\n# d2t: ignore=D2T203\nEXPOSE \\\n  80 \\\n  81\nEXPOSE 82\n"
    found = d2t.lint(text, select=["D2T203"])
    assert [item.line for item in found] == [6]


def test_an_error_can_be_ignored_where_it_stands() -> None:
    text = "FROM debian:12\n# d2t: ignore=D2T102\nRUNN make\nRUNN make\n"
    assert [(item.code, item.line) for item in d2t.lint(text, select=["D2T1"])] == [("D2T102", 4)]


def test_unused_ignores_are_said_for_rules_that_count() -> None:
    text = "FROM debian:12\n# d2t: ignore=D2T204\nRUN make\n"
    assert codes(d2t.lint(text)) == ["D2T506"]
    assert not d2t.lint(text, ignore=["D2T204"])
    assert not d2t.lint("# d2t: ignore=D2T506\n" + text)


def test_an_ignore_of_use_elsewhere_is_used() -> None:
    text = "FROM debian:12\n# d2t: ignore=D2T203\nEXPOSE 80\n"
    assert "D2T506" not in codes(d2t.lint(text, ["e2b"]))


@pytest.mark.parametrize(
    ("select", "ignore", "selected"),
    [
        (("D2T",), (), True),
        (("D2T2",), (), True),
        (("D2T3",), (), False),
        (("d2t203",), (), True),
        (("D2T",), ("D2T203",), False),
        (("D2T203",), ("D2T2",), True),
        (("D2T2",), ("D2T2",), False),
        (("D2T2", "D2T203"), ("D2T20",), True),
    ],
)
def test_the_longest_beginning_decides(select: tuple[str, ...], ignore: tuple[str, ...], selected: bool) -> None:
    assert Choice(select, ignore).selects("D2T203") is selected


@pytest.mark.parametrize("wrong", [{"select": ("D2T9",)}, {"ignore": ("COPY",)}, {"severity": {"D2T203": "fatal"}}])
def test_a_choice_of_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ChoiceError):
        Choice(**wrong)  # type: ignore[arg-type]


def test_severities_can_be_changed() -> None:
    found = d2t.lint("FROM debian:12\nEXPOSE 80\n", select=["D2T2"], severity={"D2T2": "info", "D2T203": "warning"})
    assert [item.severity for item in found] == [Severity.WARNING]


def test_several_providers_are_named_where_they_differ() -> None:
    text = "FROM debian:12\nLABEL a=b\nEXPOSE 80\nSTOPSIGNAL TERM\n"
    found = d2t.lint(text, ["baidu", "e2b"], ignore=["D2T4"])
    assert {(item.code, item.provider) for item in found} == {
        ("D2T303", ""),
        ("D2T203", "baidu"),
        ("D2T323", "e2b"),
        ("D2T304", ""),
    }


def test_a_provider_named_twice_counts_once() -> None:
    text = "FROM debian:12\nEXPOSE 80\n"
    assert d2t.lint(text, ["baidu", "baidu"]) == d2t.lint(text, ["baidu"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM debian:12\nRUNN x\nEXPOSE 80\n", ["D2T102", "D2T203"]),
        ("FROM debian:12\nENV A\nEXPOSE 80\nCOPY --chwon=a b c\nCOPY a b\n", ["D2T101", "D2T203", "D2T103", "D2T201"]),
        ('FROM debian:12\nENV A="x\nEXPOSE 80\n', ["D2T106", "D2T203"]),
        ("FROM ${NOTHING}\nEXPOSE 80\n", ["D2T107", "D2T203"]),
        ("FROM debian:12\nEXPOSE http\nUSER ${X:?no}\nCOPY a b\n", ["D2T108", "D2T106", "D2T201"]),
        ("RUN x\nFROM debian:12\nEXPOSE 80\n", ["D2T105", "D2T203"]),
    ],
)
def test_an_error_hides_nothing_else(text: str, expected: list[str]) -> None:
    assert codes(d2t.lint(text, select=["D2T1", "D2T2"])) == expected


def test_nothing_is_said_of_the_whole_file_while_a_part_cannot_be_read() -> None:
    whole = "FROM debian:12\nRUN useradd -r app\nUSER app:app\nRUN echo x > /tmp/x\nRUN rm /tmp/x\n"
    assert not d2t.lint(whole, ignore=["D2T301"])
    broken = whole.replace("RUN useradd", "RUNN useradd").replace("RUN rm", "RUNN rm")
    assert codes(d2t.lint(broken, ignore=["D2T301"])) == ["D2T102", "D2T102"]


def test_build_args_that_nothing_takes() -> None:
    text = "FROM debian:12\nARG A\nRUN make\n"
    found = d2t.lint(text, build_args={"A": "1", "B": "2", "HTTP_PROXY": "x", "TARGETARCH": "amd64"})
    assert [(item.code, item.message.split()[1]) for item in found] == [("D2T507", "B")]


def test_what_a_translation_warns_of_is_what_lint_finds() -> None:
    text = "FROM debian:12\nRUN touch /tmp/x && chmod 700 /usr/local/x\nRUN touch /home/user/x\nCMD service ssh start\n"
    wanted = {"D2T309", "D2T310", "D2T311", "D2T419"}
    assert wanted <= set(codes(d2t.transpile(text).diagnostics))
    assert wanted <= set(codes(d2t.lint(text)))


def test_a_name_in_a_comment_is_no_error_of_a_translation() -> None:
    assert d2t.transpile("# d2t: name=My.App\nFROM debian:12\n").template is not None


def test_a_file_that_cannot_be_read(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"FROM debian\n\xff")
    assert codes(d2t.lint(path)) == ["D2T100"]
    assert codes(d2t.lint(tmp_path / "missing")) == ["D2T100"]


def test_a_target_that_is_not_there() -> None:
    assert codes(d2t.lint("FROM debian:12 AS a\nEXPOSE 80\n", target="b")) == ["D2T105"]
