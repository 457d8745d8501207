"""COPY's heredocs and ADD's URLs: the commands, and what they leave when a shell runs them.

Destinations lie below the test's own folder, so that the commands work there.
"""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from d2t.api import Result, transpile
from d2t.plan.build import CopyStep
from d2t.template import RunCmd


def translate(text: str, provider: str = "baidu") -> Result:
    return transpile(f"FROM debian:12\n{text}", provider=provider)


def commands(result: Result) -> list[str]:
    """The commands of COPY and ADD."""
    assert result.template is not None, result.diagnostics
    assert result.plan is not None
    lines = {step.origin.line for step in result.plan.steps if isinstance(step, CopyStep)}
    return [step.command for step in result.template.steps if isinstance(step, RunCmd) and step.line in lines]


def run(found: list[str], folder: Path) -> None:
    """Run the commands as a step would."""
    for command in found:
        done = subprocess.run(
            ["/bin/bash", "-c", f"umask 022; {command}"], cwd=folder, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, (command, done.stderr)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY <<X /srv/a\none\nX\n", ["cat >/srv/a <<'EOF'\none\nEOF"]),
        ("COPY <<X /srv/a\nEOF\nX\n", ["cat >/srv/a <<'EOF_'\nEOF\nEOF_"]),
        ("COPY <<X /srv/a\nX\n", [": >/srv/a"]),
        ("COPY <<X /new/deep/a\n1\nX\n", ["mkdir -p /new/deep && cat >/new/deep/a <<'EOF'\n1\nEOF"]),
        ("COPY <<a <<b /srv/\n1\na\n2\nb\n", ["cat >/srv/a <<'EOF'\n1\nEOF", "cat >/srv/b <<'EOF'\n2\nEOF"]),
        ("COPY <<X /srv\n1\nX\n", ["cat >/srv/X <<'EOF'\n1\nEOF"]),
        ("RUN mkdir /x\nCOPY <<X /x\n1\nX\n", ["cat >/x/X <<'EOF'\n1\nEOF"]),
        ("WORKDIR /w/x\nCOPY <<X .\n1\nX\n", ["cat >/w/x/X <<'EOF'\n1\nEOF"]),
        # what may be there already: replaced in a folder, written to otherwise
        ("COPY <<X /etc/\n1\nX\n", ["rm -f /etc/X && cat >/etc/X <<'EOF'\n1\nEOF"]),
        ("COPY <<X /etc/a\n1\nX\n", ["cat >/etc/a <<'EOF' && chown root:root /etc/a && chmod 644 /etc/a\n1\nEOF"]),
        (
            "RUN touch /srv/a\nCOPY <<X /srv/a\n1\nX\n",
            ["cat >/srv/a <<'EOF' && chown root:root /srv/a && chmod 644 /srv/a\n1\nEOF"],
        ),
        ("COPY --chmod=755 <<X /srv/a\n1\nX\n", ["cat >/srv/a <<'EOF' && chmod 755 /srv/a\n1\nEOF"]),
        ("COPY --chmod=a+x,g-r <<X /srv/a\n1\nX\n", ["cat >/srv/a <<'EOF' && chmod 715 /srv/a\n1\nEOF"]),
        (
            "COPY --chown=1:2 --chmod=4700 <<X /n/a\n1\nX\n",
            [
                "[ -d /n ] || install -d -o 1 -g 2 /n",
                "cat >/n/a <<'EOF' && chown 1:2 /n/a && chmod 4700 /n/a\n1\nEOF",
            ],
        ),
        ('ARG V="a b"\nCOPY <<X /srv/$V\n1\nX\n', ["cat >'/srv/a b' <<'EOF'\n1\nEOF"]),
        ("ADD <<X /srv/a\n1\nX\n", ["cat >/srv/a <<'EOF'\n1\nEOF"]),
    ],
)
def test_a_document_becomes_a_command(text: str, expected: list[str]) -> None:
    assert commands(translate(text)) == expected


SHA = "a" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ADD https://e.com/x.tgz /srv/", "curl -fsSL -o /srv/x.tgz https://e.com/x.tgz && chmod 600 /srv/x.tgz"),
        ("ADD https://e.com/x?y=1&z /srv/", "curl -fsSL -o /srv/x 'https://e.com/x?y=1&z' && chmod 600 /srv/x"),
        ("ADD https://e.com /srv/", "curl -fsSL -o /srv/__unnamed__ https://e.com && chmod 600 /srv/__unnamed__"),
        ("ADD https://e.com/x /srv/y", "curl -fsSL -o /srv/y https://e.com/x && chmod 600 /srv/y"),
        ("ADD https://e.com/x /srv", "curl -fsSL -o /srv/x https://e.com/x && chmod 600 /srv/x"),
        ("ADD https://e.com/[x] /srv/y", "curl -fsSL -g -o /srv/y 'https://e.com/[x]' && chmod 600 /srv/y"),
        ("ADD https://e.com/x /n/y", "mkdir -p /n && curl -fsSL -o /n/y https://e.com/x && chmod 600 /n/y"),
        ("ADD --chmod=755 https://e.com/x /srv/y", "curl -fsSL -o /srv/y https://e.com/x && chmod 755 /srv/y"),
        (
            "ADD https://e.com/x /usr/bin/",
            "rm -f /usr/bin/x && curl -fsSL -o /usr/bin/x https://e.com/x && chmod 600 /usr/bin/x",
        ),
        (
            "ADD --chown=1:2 https://e.com/x /srv/y",
            "curl -fsSL -o /srv/y https://e.com/x && chown 1:2 /srv/y && chmod 600 /srv/y",
        ),
        (
            f"ADD --checksum=sha256:{SHA} https://e.com/x /srv/y",
            f"curl -fsSL -o /srv/y https://e.com/x && echo '{SHA}  /srv/y' | sha256sum -c - && chmod 600 /srv/y",
        ),
    ],
)
def test_a_url_is_fetched(text: str, expected: str) -> None:
    assert commands(translate(text, "e2b")) == [expected]


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--unpack", "ADD --unpack of a URL"),
        ("--checksum=md5:1", "is no digest"),
        ("--checksum=sha256:12", "is no digest"),
    ],
)
def test_a_url_that_cannot_be_fetched_exactly(flag: str, words: str) -> None:
    (finding,) = [
        item for item in translate(f"ADD {flag} https://e.com/x /y", "e2b").diagnostics if item.code == "D2T218"
    ]
    assert words in finding.message


LINE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\n") | st.sampled_from("'\"\\$`\r\t #EOF_-"),
    max_size=30,
).filter(lambda line: line.rstrip("\r") != "THEEND")


@pytest.fixture(scope="module")
def small_commands(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A provider that takes short commands only."""
    path = tmp_path_factory.mktemp("provider") / "short.toml"
    fact = '{ value = 2500, source = "a test" }'
    path.write_text(f'id = "short"\ntitle = "Short"\n[runtime]\ncommand_bytes = {fact}\n', encoding="utf-8")
    return str(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINE | LINE.map(lambda line: line * 40), max_size=12), st.booleans())
def test_a_document_is_written_byte_for_byte(small_commands: str, lines: list[str], short: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        body = "".join(f"{line}\n" for line in lines)
        text = f"COPY <<'THEEND' {folder}/srv/file\n{body}THEEND\n"
        result = translate(text, small_commands if short else "baidu")
        if result.plan is None:
            return  # a line that BuildKit does not take either
        found = commands(result)
        assert not short or all(len(command.encode()) < 2500 for command in found)
        run(found, folder)
        (step,) = (step for step in result.plan.steps if isinstance(step, CopyStep))
        file = folder / "srv/file"
        assert file.read_bytes() == step.sources[0].content.encode()
        assert file.stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize("newline", [True, False])
def test_a_document_without_a_line_end(tmp_path: Path, newline: bool) -> None:
    content = "it's $HOME" + "\n" * newline
    from d2t.diagnostics import Findings
    from d2t.dockerfile.source import Origin, Source
    from d2t.lower.copy import lower_copy
    from d2t.lower.options import Options
    from d2t.lower.state import Lowering
    from d2t.plan.build import CopySource
    from d2t.providers import load

    plan = translate("").plan
    assert plan is not None
    step = CopyStep(
        Origin(1, 1, Source("COPY")), "COPY", (CopySource("document", "X", "/X", content),), f"{tmp_path}/d/", "", ""
    )
    state = Lowering(plan._replace(steps=(step,)), load("baidu"), Options(), Findings())
    lower_copy(state, step)
    run([found.command for found in state.steps if isinstance(found, RunCmd)], tmp_path)
    assert (tmp_path / "d/X").read_text() == content


def test_a_document_replaces_what_is_in_a_folder_and_follows_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("old")
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "d").mkdir()
    (tmp_path / "d/X").symlink_to(target)
    prelude = f"RUN touch {tmp_path}/link {tmp_path}/d/X\n"
    run(commands(translate(f"{prelude}COPY <<X {tmp_path}/d/\nin the folder\nX\n")), tmp_path)
    assert ((tmp_path / "d/X").is_symlink(), (tmp_path / "d/X").read_text()) == (False, "in the folder\n")
    assert target.read_text() == "old"
    if os.geteuid() == 0:  # the command gives the file to root
        run(commands(translate(f"{prelude}COPY <<X {tmp_path}/link\nbehind\nX\n")), tmp_path)
        assert ((tmp_path / "link").is_symlink(), target.read_text()) == (True, "behind\n")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A server on the loopback interface."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "file.txt").write_text("fetched\n")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, directory=str(folder), **kwargs)  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{found.server_address[1]}"
        finally:
            found.shutdown()
            thread.join()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_url_is_fetched_and_verified(tmp_path: Path, server: str) -> None:
    digest = "8e4e6ed7a18f6bbd2bd2fa0d4a2e2f3b8a9a0d7f0a3f0f6d3a0d8f0e7c1b2a39"
    run(commands(translate(f"ADD {server}/file.txt {tmp_path}/new/", "e2b")), tmp_path)
    file = tmp_path / "new/file.txt"
    assert (file.read_text(), file.stat().st_mode & 0o7777) == ("fetched\n", 0o600)
    (wrong,) = commands(translate(f"ADD --checksum=sha256:{digest} {server}/file.txt {tmp_path}/new/b", "e2b"))
    (gone,) = commands(translate(f"ADD {server}/none {tmp_path}/new/c", "e2b"))
    for command in (wrong, gone):
        assert subprocess.run(["/bin/bash", "-c", command], capture_output=True, timeout=60).returncode != 0
