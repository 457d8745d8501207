"""What holds for every check: no exception, and the shells agree with what was understood."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from d2t.ready import Kind, parse_hint
from d2t.ready.check import from_healthcheck, in_bash
from d2t.ready.words import NotUnderstoodError, Word, expander, tokens
from d2t.template import ReadyCommand, WaitForFile, WaitForPort, WaitForProcess, WaitForTimeout, WaitForUrl

SHELLS = [path for name in ("dash", "bash") if (path := shutil.which(name))]
PIECES = st.sampled_from(
    [
        *("curl", "wget", "nc", "test", "[", "]", "[[", "]]", "pgrep", "pidof", "sleep", "timeout", "bash", "sh"),
        *("-f", "-z", "-c", "-fsS", "-k", "-L", "-o", "/dev/null", "-qO-", "--spider", "-x", "-w", "3", "-s"),
        *("http://localhost:80/", "http://db/", "localhost", "8080", "/dev/tcp/localhost/80", "/tmp/x", "nginx"),
        *(
            "|| exit 1",
            "&& exit 0",
            "; exit $?",
            "|| true",
            ">/dev/null",
            "2>&1",
            "<",
            ">",
            "|",
            "&",
            "(",
            ")",
            "{",
            "}",
        ),
        *(
            "'",
            '"',
            "$PORT",
            "${PORT:-80}",
            "$(x)",
            "`x`",
            "\\",
            "\n",
            ";",
            "#",
            "*",
            "~",
            "!",
            "set -e;",
            "exec",
            "&>",
        ),
    ]
)
SCRIPTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=9).map(" ".join))
TESTS = st.one_of(
    SCRIPTS.map(lambda script: ["CMD-SHELL", script]),
    st.lists(SCRIPTS, max_size=5).map(lambda words: ["CMD", *words]),
    st.lists(st.text(max_size=10), max_size=4),
)


@given(TESTS, st.sampled_from([("/bin/sh", "-c"), ("/bin/bash", "-o", "pipefail", "-c"), ("/bin/zsh",), ()]))
@settings(max_examples=400)
def test_any_check_gives_a_ready_check_or_none(test: list[str], shell: tuple[str, ...]) -> None:
    ready, notes = from_healthcheck(test, shell=shell, env={"PORT": "8080"})
    if isinstance(ready, ReadyCommand):
        assert ready.command.strip()
        assert [note.kind for note in notes] in ([Kind.RAW], [Kind.ALWAYS], [Kind.NEVER])
        assert all("\n" not in note.detail or "\n" in " ".join(test) for note in notes)


@given(st.lists(PIECES, max_size=9))
@settings(max_examples=400)
def test_a_helper_stands_on_words_that_were_understood(pieces: list[str]) -> None:
    """The value of a helper is in the check as it is written, and nothing that changes its question is."""
    script = " ".join(pieces)
    ready, _ = from_healthcheck(["CMD-SHELL", script], env={"PORT": "8080"})
    if ready is None or isinstance(ready, ReadyCommand):
        return
    assert not {"-k", "-L", "--spider", "http://db/", "|", "&", "$(x)", "`x`", "#", "|| true", "&>"} & set(pieces)
    match ready:
        case WaitForUrl(url):
            assert url in ("http://localhost:80/", "http://localhost", "http://8080", "http://3")
        case WaitForPort(port):
            assert str(port) in script or "$PORT" in pieces or "${PORT:-80}" in pieces
        case WaitForProcess(name):
            assert name in script or "$PORT" in pieces or "${PORT:-80}" in pieces
        case WaitForFile(path):
            assert path in script
        case WaitForTimeout(milliseconds):
            assert milliseconds in (3000, 8_080_000)


@given(st.text(max_size=40))
def test_any_text_is_a_hint_or_one_line(text: str) -> None:
    for prefix in ("", "port:", "url:http://", "file:/", "process:", "timeout:", "cmd:"):
        message = ""
        try:
            parse_hint(prefix + text)
        except ValueError as error:
            message = str(error)
        assert len(message.splitlines()) <= 1


@given(SCRIPTS)
def test_a_script_stays_or_is_quoted(script: str) -> None:
    wrapped = in_bash(script)
    assert wrapped == script or shlex.split(wrapped) == ["/bin/sh", "-c", script]


WORD_CHARACTERS = st.text("ab1 \t'\"\\$={}-/:;x[]?*~!#%@+,.^&|<>()\n", max_size=14)


@pytest.mark.skipif(not SHELLS, reason="no shell to compare with")
@pytest.mark.parametrize("shell", SHELLS)
@given(WORD_CHARACTERS)
@settings(max_examples=150, deadline=None)
def test_words_are_the_shells_words(shell: str, text: str) -> None:
    """A line of words that is understood is split by real shells in the same way."""
    try:
        found = tokens(text, expander({"x": "1-2", "a": "q"}, complete=False))
    except NotUnderstoodError:
        return
    if not all(isinstance(token, Word) and not token.pattern and not token.status for token in found):
        return
    script = f"for word in {text}\ndo printf '%s\\0' \"$word\"; done"
    done = subprocess.run(
        [shell, "-c", script], capture_output=True, text=True, env={"x": "1-2", "a": "q"}, stdin=subprocess.DEVNULL
    )
    assert (done.returncode, done.stdout.split("\0")[:-1]) == (
        0,
        [word.text for word in found if isinstance(word, Word)],
    )


def around(probe: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Scripts around a command: lists, groups, exits, `set -e`."""
    constants = st.sampled_from(
        ["true", "false", "exit 0", "exit 1", "exit 3", "exit $?", "exit", "echo x", ":", "set -e", "set +e"]
    )
    simple = st.one_of(probe, constants)
    joined = st.sampled_from([" && ", " || ", "; ", "\n"])

    def more(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.tuples(inner, joined, inner).map("".join),
            inner.map(lambda text: f"({text})"),
            inner.map(lambda text: f"{{ {text}; }}"),
            inner.filter(lambda text: "'" not in text).map(lambda text: f"sh -ec '{text}'"),
        )

    return st.recursive(simple, more, max_leaves=6)


@pytest.mark.skipif(not SHELLS, reason="no shell to compare with")
@pytest.mark.parametrize("shell", SHELLS)
@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_helper_answers_as_the_script_does(shell: str, data: st.DataObject, tmp_path: Path) -> None:
    """A script that becomes `wait_for_file` succeeds, in real shells, when there is the file and not otherwise."""
    marker = tmp_path / "marker"
    script = data.draw(around(st.just(f"test -f {marker}")))
    argv = (shell, "-c")
    ready, notes = from_healthcheck(["CMD-SHELL", script], shell=argv)
    kinds = {note.kind for note in notes}
    if Kind.RAW in kinds:
        return

    def run() -> bool:
        done = subprocess.run(
            [*argv, script], capture_output=True, cwd=tmp_path, env=os.environ, stdin=subprocess.DEVNULL
        )
        return done.returncode == 0

    marker.unlink(missing_ok=True)
    without = run()
    marker.touch()
    answers = (without, run())
    expected = {Kind.ALWAYS: (True, True), Kind.NEVER: (False, False)}
    assert answers == next((expected[kind] for kind in kinds), (False, True))
    if not kinds:
        assert ready == WaitForFile(str(marker))
