from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2t.dockerfile.hints import Hints, Ignore, read


def values(hints: Hints) -> dict[str, str]:
    return {key: hint.value for key, hint in hints.values.items()}


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# d2t: ready=port:8080", {"ready": "port:8080"}),
        ("#d2t:ready=port:8080", {"ready": "port:8080"}),
        ("  ##  D2T :  Ready=port:8080  ", {"ready": "port:8080"}),
        ("# d2t: ready=cmd:curl -f http://x | grep name=y", {"ready": "cmd:curl -f http://x | grep name=y"}),
        ("# d2t: ready=url:http://localhost/?a=b", {"ready": "url:http://localhost/?a=b"}),
        ("# d2t: start=python -m http.server --name=x", {"start": "python -m http.server --name=x"}),
        ("# d2t: name=web cpu=2\tmemory=2048", {"name": "web", "cpu": "2", "memory": "2048"}),
        ("# d2t: name=web start=a cpu=2", {"name": "web", "start": "a cpu=2"}),
        ("# a plain comment", {}),
        ("# see d2t: ready=port:80", {}),
        ("# d2tx: ready=port:80", {}),
        ("# d2t is a tool", {}),
        ("# syntax=docker/dockerfile:1", {}),
    ],
)
def test_hints(comment: str, expected: dict[str, str]) -> None:
    hints = read([(7, comment)])
    assert (values(hints), hints.errors, hints.ignores) == (expected, (), ())
    assert all(hint.line == 7 for hint in hints.values.values())


@pytest.mark.parametrize(
    ("comment", "ignore"),
    [
        ("# d2t: ignore=D2T203", Ignore(3, ("D2T203",))),
        ("# d2t: ignore=D2T203,d2t204", Ignore(3, ("D2T203", "D2T204"))),
        (
            "# d2t: ignore=D2T203, D2T204 the files are fetched at start",
            Ignore(3, ("D2T203", "D2T204"), "the files are fetched at start"),
        ),
        ("# d2t: ignore=D2T203,D2T203 see #12, a=b", Ignore(3, ("D2T203",), "see #12, a=b")),
    ],
)
def test_ignores(comment: str, ignore: Ignore) -> None:
    assert read([(3, comment)]) == Hints(ignores=(ignore,))


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# d2t:", "the hint is empty: it is one of ready=, start=, name=, cpu=, memory=, ignore="),
        ("# d2t: ports=80", "`ports` is no hint: it is one of ready="),
        ("# d2t: =80", "`` is no hint"),
        ("# d2t: this builds the service", "`this` is no hint"),
        ("# d2t: name=web and more", "`and` is no hint"),
        ("# d2t ready=port:80", "a hint begins with `# d2t:`: the colon is missing"),
        ("# d2t: ready port:80", "write `ready=VALUE`, without blanks around `=`"),
        ("# d2t: ready: port:80", "write `ready=VALUE`"),
        ("# d2t: ready = port:80", "write `ready=VALUE`"),
        ("# d2t: ready= port:80", "write `ready=VALUE`"),
        ("# d2t: ready=", "`ready=` has no value"),
        ("# d2t: start=", "`start=` has no value"),
        ("# d2t: ready=8080", "`ready=8080` is not one of port:, url:"),
        ("# d2t: cpu=two", "`cpu=two` is not a number of CPUs, such as 2"),
        ("# d2t: cpu=0", "`cpu=0` is not a number of CPUs"),
        ("# d2t: memory=2GB", "`memory=2GB` is not a number of MiB, such as 2048"),
        ("# d2t: name=a name=b", "`name` is already set on line 5"),
        ("# d2t: ignore=", "`ignore=` takes codes such as D2T203"),
        ("# d2t: ignore=all", "`ignore=` takes codes such as D2T203"),
        ("# d2t: ignore=D2T203,", "`ignore=` takes codes such as D2T203"),
        ("# d2t: ignore=D2T2031", "`ignore=` takes codes such as D2T203"),
    ],
)
def test_errors(comment: str, message: str) -> None:
    hints = read([(5, comment)])
    ((line, text),) = hints.errors
    assert line == 5
    assert message in text
    assert (dict(hints.values), hints.ignores) == ({}, ())


def test_one_wrong_line_does_not_hide_the_others() -> None:
    hints = read([(1, "# d2t: name=web cpu=x"), (2, "# d2t: cpu=2"), (9, "# d2t: cpu=4"), (10, "# d2t: memory=1024")])
    assert values(hints) == {"cpu": "2", "memory": "1024"}
    assert [line for line, _ in hints.errors] == [1, 9]
    assert hints.errors[1][1] == "`cpu` is already set on line 2"


def test_values() -> None:
    hints = read([(1, "# d2t: cpu=4 name=web")])
    assert (hints.number("cpu"), hints.number("memory")) == (4, None)
    assert (hints.text("name"), hints.text("start")) == ("web", "")


@given(st.lists(st.one_of(st.text(max_size=30), st.text(max_size=30).map(lambda text: f"# d2t: {text}")), max_size=4))
def test_any_comment(comments: list[str]) -> None:
    hints = read(list(enumerate(comments, 1)))
    assert all(1 <= line <= len(comments) for line, _ in hints.errors)


@given(
    st.from_regex(r"[\w=: ,]*", fullmatch=True), st.sampled_from(["ready", "start", "name", "cpu", "memory", "ignore"])
)
def test_any_value(value: str, key: str) -> None:
    hints = read([(1, f"# d2t: {key}={value}")])
    assert bool(hints.errors) != bool(hints.values or hints.ignores)
