"""The format for people: recorded output, and what holds for any text and any range."""

from __future__ import annotations

import textwrap
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from d2t.diagnostics import Diagnostic, Edit, Severity, Span
from d2t.report import MIN_WIDTH, Report, render
from d2t.report.terminal import wrap

HELP = (
    "files of the build context cannot be sent to this provider; `d2t build --strategy inline` embeds small files; "
    "`--strategy image` builds and pushes an image first"
)


def finding(span: Span | None, message: str = "message", help: str = "", **more: object) -> Diagnostic:
    return Diagnostic("D2T201", Severity.ERROR, message, span, help, **more)  # type: ignore[arg-type]


def excerpt(text: str, span: Span, width: int = 80) -> str:
    """What is shown between the header and the count."""
    lines = render([Report("Dockerfile", text, (finding(span),))], "full", width=width).splitlines()
    return "\n".join(lines[1:-2])


def test_a_finding_with_all_its_parts():
    text = "FROM python:3.12\n\nCOPY requirements.txt /app/\n"
    diagnostics = (
        finding(Span(3, 6, 3, 22), "COPY is not supported on Baidu", HELP),
        Diagnostic("D2T405", Severity.WARNING, "no way is known to tell when the sandbox is ready"),
    )
    report = Report("svc/Dockerfile", text, diagnostics)
    assert render([report, Report("Dockerfile", "FROM scratch\n", ())], "full") == textwrap.dedent("""\
        svc/Dockerfile:3:6: error D2T201: COPY is not supported on Baidu
          |
        3 | COPY requirements.txt /app/
          |      ^^^^^^^^^^^^^^^^
          = help: files of the build context cannot be sent to this provider; `d2t build
                  --strategy inline` embeds small files; `--strategy image` builds and
                  pushes an image first

        svc/Dockerfile: warning D2T405: no way is known to tell when the sandbox is
            ready

        1 error and 1 warning in 1 of 2 files
        """)


@pytest.mark.parametrize(
    ("text", "span", "shown"),
    [
        pytest.param("USER app:app\n", Span(1, 6, 1, 13), "  |\n1 | USER app:app\n  |      ^^^^^^^", id="a token"),
        pytest.param("\n" * 9 + "USER a\n", Span(10, 6, 10, 7), "   |\n10 | USER a\n   |      ^", id="two digits"),
        pytest.param("\tRUN\ta\tb\n", Span(1, 6, 1, 8), "  |\n1 |     RUN    a    b\n  |            ^^^^^", id="tabs"),
        pytest.param("LABEL a=你好 b\n", Span(1, 9, 1, 11), "  |\n1 | LABEL a=你好 b\n  |         ^^^^", id="wide"),
        pytest.param("LABEL 你=b\n", Span(1, 9, 1, 10), "  |\n1 | LABEL 你=b\n  |          ^", id="behind wide"),
        pytest.param("A Ａ b\n", Span(1, 5, 1, 6), "  |\n1 | A Ａ b\n  |      ^", id="full width"),
        pytest.param("A b\u20dd c\n", Span(1, 6, 1, 7), "  |\n1 | A b\u20dd c\n  |     ^", id="enclosing mark"),
        pytest.param("RUN 🚀 go\n", Span(1, 7, 1, 9), "  |\n1 | RUN 🚀 go\n  |        ^^", id="emoji"),
        pytest.param("A e\u0301=b c\n", Span(1, 8, 1, 9), "  |\n1 | A e\u0301=b c\n  |       ^", id="combining mark"),
        pytest.param(
            "A \u1112\u1161\u11ab b\n", Span(1, 7, 1, 8), "  |\n1 | A \u1112\u1161\u11ab b\n  |      ^", id="jamo"
        ),
        pytest.param("A B\r\nC D\r\n", Span(2, 3, 2, 4), "  |\n2 | C D\n  |   ^", id="CRLF"),
        pytest.param("\ufeffA B\n", Span(1, 1, 1, 2), "  |\n1 | A B\n  | ^", id="byte-order mark"),
        pytest.param("  A B  \n", Span(1), "  |\n1 |   A B\n  |   ^^^", id="only the line is known"),
        pytest.param("A B\n", Span(1, 3), "  |\n1 | A B\n  |   ^", id="only the start is known"),
        pytest.param("A B", Span(1, 4, 1, 4), "  |\n1 | A B\n  |    ^", id="end of the line"),
        pytest.param("A B", Span(1, 90, 1, 99), "  |\n1 | A B\n  |    ^", id="behind the end of the line"),
        pytest.param("A B\n", Span(2, 1, 2, 1), "  |\n2 |\n  | ^", id="end of the file"),
        pytest.param("A B\n", Span(9, 1, 9, 2), "", id="a line that is not there"),
        pytest.param("", Span(1, 1, 1, 1), "", id="an empty file"),
        pytest.param("A B\n", Span(1, 1, 2, 1), "  |\n1 | A B\n  | ^^^", id="a line with its end"),
    ],
)
def test_excerpt(text: str, span: Span, shown: str):
    assert excerpt(text, span) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("A \x1b[31mred", "A <U+001B>[31mred"),
        ("A \u202etxt", "A <U+202E>txt"),
        ("A \u2066x\u2069", "A <U+2066>x<U+2069>"),
        ("A \x9b2J", "A <U+009B>2J"),
        ("A x\ry", "A x<U+000D>y"),
        ("A\u00a0b", "A<U+00A0>b"),
        ("A\u200bb", "A<U+200B>b"),
        ("A \x00", "A <U+0000>"),
        ("A \udcff", "A <U+DCFF>"),
    ],
)
def test_what_does_not_print_is_shown_by_its_code_point(text: str, shown: str):
    assert excerpt(text, Span(1, 1, 1, 2)) == f"  |\n1 | {shown}\n  | ^"


def test_carets_cover_all_of_a_code_point():
    assert excerpt("A \x1b B", Span(1, 3, 1, 4)) == "  |\n1 | A <U+001B> B\n  |   ^^^^^^^^"


def test_a_range_of_several_lines_has_carets_under_each():
    text = "RUN a && \\\n    b && \\\n\n  c\n"
    assert excerpt(text, Span(1, 5, 4, 4)) == "\n".join(
        [
            "  |",
            "1 | RUN a && \\",
            "  |     ^^^^^^",
            "2 |     b && \\",
            "  |     ^^^^^^",
            "3 |",
            "4 |   c",
            "  |   ^",
        ]
    )


def test_the_middle_of_a_long_range_is_left_out():
    text = "".join(f"line {number}\n" for number in range(1, 13))
    assert excerpt(text, Span(2, 1, 11, 5)) == "\n".join(
        ["   |", " 2 | line 2", "   | ^^^^^^", " 3 | line 3", "   | ^^^^^^", "...", "11 | line 11", "   | ^^^^"]
    )


@pytest.mark.parametrize(
    ("text", "span", "shown", "carets"),
    [
        pytest.param("A" * 36, Span(1, 1, 1, 37), "A" * 36, "^" * 36, id="just fits"),
        pytest.param("AB" + "x" * 60, Span(1, 1, 1, 2), "AB" + "x" * 31 + "...", "^", id="at the left"),
        pytest.param("x" * 60 + "AB", Span(1, 61, 1, 63), "..." + "x" * 31 + "AB", " " * 34 + "^^", id="at the right"),
        pytest.param(
            "x" * 60 + "AB" + "y" * 60,
            Span(1, 61, 1, 63),
            "..." + "x" * 14 + "AB" + "y" * 14 + "...",
            " " * 17 + "^^",
            id="inside",
        ),
        pytest.param(
            "x" * 20 + "A" * 60,
            Span(1, 21, 1, 81),
            "..." + "x" * 7 + "A" * 23 + "...",
            " " * 10 + "^" * 26,
            id="longer",
        ),
        pytest.param("A" * 36, Span(1, 37), "..." + "A" * 32, " " * 35 + "^", id="fits without the caret behind it"),
        pytest.param("é" * 36, Span(1, 1, 1, 2), "é" * 36, "^", id="not ASCII, just fits"),
        pytest.param("é" * 37, Span(1, 1, 1, 2), "é" * 33 + "...", "^", id="not ASCII, too long by one"),
        pytest.param("x" * 99, Span(1, 33, 1, 34), "x" * 33 + "...", " " * 32 + "^", id="the last before the cut"),
        pytest.param(
            "x" * 99, Span(1, 34, 1, 35), "..." + "x" * 30 + "...", " " * 17 + "^", id="the first behind the cut"
        ),
        pytest.param("你" * 30, Span(1, 1, 1, 2), "你" * 16 + "...", "^^", id="wide"),
        pytest.param("x" * 60, Span(1, 61, 1, 61), "..." + "x" * 32, " " * 35 + "^", id="behind the end"),
    ],
)
def test_a_long_line_is_cut_around_the_range(text: str, span: Span, shown: str, carets: str):
    assert excerpt(text, span, width=40) == f"  |\n1 | {shown}\n  | {carets}"


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (61, "{}:1:1: error D2T201:\n    no\n"),
        (62, "{}:1:1:\n    error D2T201: no\n"),
        (99, "{}:1:1:\n    error D2T201: no\n"),
    ],
)
def test_a_long_path_is_not_broken(length: int, header: str):
    path = "d" * length
    shown = render([Report(path, "A B\n", (finding(Span(1, 1, 1, 2), "no"),))], "full")
    assert shown.startswith(header.format(path))


def test_control_characters_of_path_and_message_are_shown():
    report = Report("a\x1b]0;x\x07", "", (finding(None, "bad \x1b[2J name\nnext", "see\x9b\nmore"),))
    shown = render([report], "full")
    assert shown.startswith("a<U+001B>]0;x<U+0007>: error D2T201: bad <U+001B>[2J name<U+000A>next\n")
    assert "= help: see<U+009B>\n           more\n" in shown


def test_providers_are_named_when_there_are_several():
    def shown(*providers: str) -> str:
        found = tuple(finding(None, provider=provider) for provider in providers)
        return render([Report("Dockerfile", "", found)], "full")

    assert shown("baidu").startswith("Dockerfile: error D2T201: message\n")
    assert shown("baidu", "e2b").startswith("Dockerfile: error D2T201 [baidu]: message\n")


def test_the_count_says_what_can_be_fixed():
    fixable = finding(Span(1, 1, 1, 2), edits=(Edit(Span(1, 1, 1, 2), ""),))
    info = Diagnostic("D2T401", Severity.INFO, "fact")
    report = Report("Dockerfile", "A\n", (fixable, info, info))
    assert render([report], "full").splitlines()[-1] == "1 error and 2 info; `d2t lint --fix` can repair 1"


def test_nothing_found_prints_nothing():
    assert render([Report("Dockerfile", "FROM x\n", ())], "full") == ""


def test_colors_only_add_escape_sequences():
    import re

    report = Report("Dockerfile", "A B\n", (finding(Span(1, 3, 1, 4), "m" * 100, HELP),))
    colored = render([report], "full", color=True)
    assert "\x1b[1;31m^\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render([report], "full")


@pytest.mark.parametrize(
    ("text", "first", "rest", "lines"),
    [
        ("", 5, 5, [""]),
        ("a b", 5, 5, ["a b"]),
        ("aa bb cc", 5, 5, ["aa bb", "cc"]),
        ("aaaa b", 2, 5, ["", "aaaa", "b"]),
        ("aaaaaaaa", 5, 4, ["aaaaa", "aaa"]),
        ("a bbbbbbbb", 8, 6, ["a bbbbbb", "bb"]),
        ("你好世界", 5, 4, ["你好", "世界"]),
        ("a  b", 9, 9, ["a  b"]),
    ],
)
def test_wrap(text: str, first: int, rest: int, lines: list[str]):
    assert wrap(text, first, rest) == lines


def width_of(line: str) -> int:
    """Cells of a line, told by the Unicode database alone."""
    return sum(
        0 if unicodedata.category(char) in ("Mn", "Me") else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in line
    )


TEXT = st.text(
    st.one_of(
        st.sampled_from("a \n\r\t\\你🚀é\u0301\u200d\ufe0f\u202e\x1b\ufeff\u3000"),
        st.characters(),
    ),
    max_size=300,
)
NUMBER = st.one_of(st.integers(-1, 12), st.integers(-(2**40), 2**40), st.integers(60, 300))
SPAN = st.builds(Span, NUMBER, NUMBER, NUMBER, NUMBER)


@given(TEXT, SPAN, TEXT, TEXT, st.integers(0, 200))
@example("x" * 200, Span(1, 150, 1, 160), "m" * 200, "h" * 200, 40)
@example("\u0301" * 300, Span(1, 100, 1, 200), "", "", 40)
def test_any_text_and_any_range_fit_the_width(text: str, span: Span, message: str, help: str, width: int):
    numbers = {number for number in (span.line, span.column) if abs(number) >= 10**6}
    shown = render([Report("D", text, (finding(span, message, help),))], "full", width=width)
    limit = max(width, MIN_WIDTH)
    for line in shown.split("\n"):
        assert line.isprintable()
        assert width_of(line) <= limit or (numbers and line.startswith("D:"))


@given(TEXT.filter(lambda text: len(text.strip()) > 1), st.data())
def test_carets_stand_below_the_range(text: str, data: st.DataObject):
    """In a line that fits, the characters above the carets are those of the range."""
    line = "".join(char for char in text if char.isprintable())[:60]
    start = data.draw(st.integers(0, max(len(line) - 1, 0)))
    end = data.draw(st.integers(start + 1, len(line) + 1))
    rows = excerpt(line, Span(1, start + 1, 1, end + 1), 200).split("\n")
    if not line:
        return
    carets = rows[2].removeprefix("  | ")
    before, below = width_of(line[:start]), width_of(line[start:end])
    jamo = any("\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff" for char in line)
    assert jamo or (len(carets) - len(carets.lstrip()), carets.count("^")) == (before, max(below, 1))
