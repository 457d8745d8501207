"""Text → instructions, and the errors that BuildKit has for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2t.dockerfile import instructions as ins
from d2t.dockerfile.durations import duration
from d2t.dockerfile.parse import read
from d2t.dockerfile.source import MAX_BYTES, UnreadableError, decode


def only(text: str) -> ins.Instruction:
    dockerfile, errors = read(f"FROM a\n{text}")
    assert not errors
    return dockerfile.instructions[1]


def errors_of(text: str) -> list[tuple[int | None, str]]:
    return [(error.line, error.message) for error in read(text)[1]]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("RUN make -j4", {"args": ("make -j4",), "exec_form": False}),
        ('RUN ["make", "-j4"]', {"args": ("make", "-j4"), "exec_form": True}),
        ("RUN ['make']", {"args": ("['make']",), "exec_form": False}),
        ("run --network=none --mount=type=tmpfs,target=/t x", {"network": "none", "mounts": ("type=tmpfs,target=/t",)}),
        ("RUN --security=sandbox x", {"security": "sandbox"}),
        ("ENV A=1 B='x y'", {"pairs": (ins.KeyValue("A", "1"), ins.KeyValue("B", "'x y'"))}),
        ("ENV A b  c", {"pairs": (ins.KeyValue("A", "b  c", legacy=True),)}),
        ("ARG A B=2", {"pairs": (ins.ArgPair("A", None), ins.ArgPair("B", "2"))}),
        ('COPY "a b" c /d', {"sources": ('"a', 'b"', "c"), "dest": "/d"}),
        ('COPY ["a b", "/d"]', {"sources": ("a b",), "dest": "/d"}),
        (
            "COPY --from=x --chown=a:b --chmod=755 --link --parents --exclude=*.o --exclude=t a /d",
            {"from_": "x", "chown": "a:b", "chmod": "755", "link": True, "parents": True, "excludes": ("*.o", "t")},
        ),
        (
            "ADD --checksum=sha256:1 --keep-git-dir=true --unpack=false a /d",
            {"checksum": "sha256:1", "keep_git_dir": True, "unpack": False},
        ),
        ("COPY <<-EOF <<'X' /d/\n\ta\n\tEOF\nb\nX", {"sources": (), "dest": "/d/"}),
        (
            "HEALTHCHECK --interval=1m30s --timeout=2s --start-period=1s --start-interval=500ms --retries=3 CMD x y",
            {"test": ("CMD-SHELL", "x y"), "interval": 90 * 10**9, "start_interval": 5 * 10**8, "retries": 3},
        ),
        ('healthcheck cmd ["x"]', {"test": ("CMD", "x")}),
        ("HEALTHCHECK NONE", {"test": ("NONE",)}),
        ("EXPOSE 90 80/udp", {"ports": ("90", "80/udp")}),
        ("VOLUME /a /b", {"paths": ("/a", "/b")}),
        ('SHELL ["/bin/bash", "-c"]', {"argv": ("/bin/bash", "-c")}),
        ("ONBUILD RUN make", {"expression": "RUN make"}),
        ("ONBUILD RUN <<EOF\nmake\nEOF", {"expression": "RUN <<EOF\nmake\nEOF"}),
        ('CMD ["\\ud800"]', {"args": ("\ufffd",)}),
    ],
)
def test_an_instruction_is_typed(text: str, fields: dict[str, object]) -> None:
    found = only(text)
    assert {name: getattr(found, name) for name in fields} == fields


def test_places_and_comments() -> None:
    dockerfile, errors = read("# one\n# two\n\nFROM a\n\n#\n# last\nRUN a \\\n  # inner\n  b\n# end\n")
    assert not errors
    first, second = dockerfile.instructions
    assert (first.origin.line, first.origin.end_line, first.origin.comments) == (4, 4, ("one", "two"))
    assert (second.origin.line, second.origin.end_line, second.origin.comments) == (8, 10, ("last",))
    assert [line for line, _ in dockerfile.comments] == [1, 2, 6, 7, 11]


@pytest.mark.parametrize(
    ("text", "token", "place"),
    [
        ("EXPOSE 80 8080", "8080", (2, 11, 2, 15)),
        ("USER app", "app", (2, 6, 2, 9)),
        ("  USER app", "", (2, 3, 2, 7)),
        ("RUN a \\\n  && b", "b", (3, 6, 3, 7)),
        ("USER app", "elsewhere", (2, 1, 2, 5)),
    ],
)
def test_a_token_is_found(text: str, token: str, place: tuple[int, ...]) -> None:
    span = only(text).origin.span(token)
    assert (span.line, span.column, span.end_line, span.end_column) == place


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, "the Dockerfile cannot be empty")]),
        ("# only\n", [(1, "file with no instructions")]),
        ("ARG A", [(1, "dockerfile contains no stages to build")]),
        ("RUN x\nFROM a", [(1, "no build stage in current context")]),
        ("FROM a\nRUNN x\nENV A\nRUN x", [(2, "unknown instruction: RUNN"), (3, "ENV must have two arguments")]),
        ("FROM a\nCOPY --chwon=x a b\nUSER", [(2, "unknown flag: --chwon"), (3, "USER requires exactly one argument")]),
        ("FROM a\nRUN <<EOF\nx", [(2, "unterminated heredoc")]),
        ("FROM a b", [(1, "FROM requires either one or three arguments")]),
        ("FROM a\nONBUILD ONBUILD RUN x", [(2, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")]),
        ('FROM a\nCMD ["a", 1]', [(2, "when using JSON array syntax, arrays must be comprised of strings only")]),
        ("FROM a\nHEALTHCHECK --interval=5 CMD x", [(2, 'time: missing unit in duration "5"')]),
        ("# escape=x\nFROM a", [(1, "invalid escape token 'x' does not match ` or \\")]),
        ("FROM a\nRUN " + "x" * 70_000, [(2, "dockerfile line greater than max allowed size of 65535")]),
        ("FROM a\nCMD " + "[" * 50_000, [(1, "the JSON array is nested too deeply")]),
    ],
)
def test_errors_are_buildkits_and_hide_no_other(text: str, expected: list[tuple[int, str]]) -> None:
    assert errors_of(text) == expected


def test_an_unknown_name_gets_a_suggestion() -> None:
    assert read("FROM a\nWORDIR /x")[1][0].help == "did you mean WORKDIR?"
    assert read("FROM a\nCOPY --chwon=x a b")[1][0].help == "did you mean --chown?"


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"FROM a\n\xff", "not UTF-8: byte 0xff on line 2"), (b"FROM\0", "NUL"), (b"#" * (MAX_BYTES + 1), "too large")],
)
def test_what_is_no_text_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        decode(data)


@pytest.mark.parametrize(
    ("text", "nanoseconds"), [("1h2m3s", 3723 * 10**9), ("1.5s", 15 * 10**8), ("0", 0), ("-1ms", -(10**6))]
)
def test_go_durations(text: str, nanoseconds: int) -> None:
    assert duration(text) == nanoseconds


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_bom_lines_and_case(end: str) -> None:
    dockerfile, errors = read("\ufeff" + end.join(["from a as B", "run <<E", "x", "E", "cmd y", ""]))
    assert not errors
    run = dockerfile.instructions[1]
    assert isinstance(run, ins.Run)
    assert run.heredocs[0].content == f"x{end}"


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    dockerfile, errors = read(text.encode("utf-8", "replace").decode())
    assert errors or dockerfile.instructions


WORDS = st.sampled_from(
    'FROM RUN COPY ADD ENV ARG USER ONBUILD HEALTHCHECK SHELL alpine <<EOF EOF $A ${A:-x} "q" \' \\ --x --from=0 = [ ] ["a"] \n'.split(
        " "
    )
)


@given(st.lists(WORDS).map(" ".join))
def test_any_mix_of_words_is_read_or_refused(text: str) -> None:
    dockerfile, errors = read(text)
    assert errors or dockerfile.instructions
    assert all(error.line is None or error.line >= 1 for error in errors)
