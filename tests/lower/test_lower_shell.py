"""Where bash in a login shell would do something else than Docker's shell: the cases that were measured, and plain ones."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2t.lower import profile, shell
from d2t.lower.forms import Form, occurs
from d2t.lower.shell import traits


@pytest.mark.parametrize(
    "text",
    [
        "apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*",
        "set -eux; make -j4; make install",
        "pip install --no-cache-dir -r requirements.txt 2>&1",
        "if [ -f /x ]; then rm /x; fi",
        'for i in 1 2; do mkdir "/d$i"; done',
        "curl -fsSL https://x/y | tar -xz -C /opt",
        "echo 'deb http://x y' > /etc/apt/sources.list.d/x.list",
        ". /etc/os-release && echo $VERSION_ID > /v",
        "useradd -m -u 1000 app",
        'VERSION=1 make "X=${VERSION:-2}"',
        "npm ci && npm run build",
        "awk '{print $1,$2}' /etc/passwd > /out",
        "sed -i 's/[[:space:]]*a/b/' /etc/x",
        "printf '%s\\n' a b > /x",
    ],
)
def test_plain_commands_are_left_alone(text: str) -> None:
    found = traits(text)
    assert not found.bash_differs
    assert not found.leaves_processes
    assert not found.may_read_input


@pytest.mark.parametrize(
    "text",
    [
        'echo "a\\tb"',
        "echo -e x",
        "mkdir -p /a/{b,c}",
        "touch /f{1..3}",
        "[[ -f /x ]]",
        "[ a == a ]",
        "test a == a",
        "source /x",
        ". x.sh",
        "cmd &> f",
        "echo $0",
        "UID=5",
        "echo $RANDOM $HOSTNAME",
        "echo ${A:0:2}",
        "echo ${A^^}",
        "echo ${A/x/y}",
        "a=(1 2)",
        "cat <(ls)",
        "cat <<< x",
        "echo $'x'",
        "read x",
        "function f { true; }",
        "let x=1",
        "printf '\\x41'",
        "printf %q x",
        "export A=$(cmd)",
        "echo $USER",
        "env > /e",
        "trap 'x' EXIT",
        "type x",
        "set -e; x=$(false; echo y)",
        "set -o pipefail; x | y",
        "ls [^a]*",
        "time x",
        "echo $((2**3))",
        ". ./missing.env || true; echo next",
        "V=$(<v); echo $V",
        "[ -v HOME ] && echo y",
        "[ -a /etc ]",
        "[ /etc -nt /x ]",
        ". ./x.sh a b",
        "printf -v x hi",
        "export -n PATH",
        "cd -; pwd",
    ],
)
def test_what_bash_does_otherwise_is_seen(text: str) -> None:
    assert traits(text).bash_differs


@pytest.mark.parametrize(
    "text",
    [
        "cat > /out",
        "cat >> /out && true",
        "./configure.sh && make",
        "python setup.py install",
        "apt-get install curl",
        "adduser --disabled-password app",
        "bash install.sh -b",
        "grep x",
        "ssh-keygen",
        "passwd root",
        "true; tee /x",
        "unzip a.zip",
        "rm -i a",
        "cp -i a b",
        "pip uninstall pip",
        "npm init",
        "update-alternatives --config editor",
        "git hash-object --stdin",
        "make -f -",
        "diff - /x",
        "command cat",
        "perl -e 'print <STDIN>'",
        "python3 -c 'print(input())'",
        "cp /dev/stdin f",
    ],
)
def test_commands_that_may_read_input_are_seen(text: str) -> None:
    assert traits(text).may_read_input


@pytest.mark.parametrize(
    "text", ["echo x | passwd --stdin root", "cat </etc/passwd >/x", "curl x | sh", "ls | grep x", "unzip -q a.zip"]
)
def test_input_that_is_given_is_no_hang(text: str) -> None:
    assert not traits(text).may_read_input


@pytest.mark.parametrize("text", ["sleep 300 & echo ok", "server &", "(server &) ; true"])
def test_background_processes_are_seen(text: str) -> None:
    assert traits(text).leaves_processes


@pytest.mark.parametrize(
    "text", ["a && b", "a 2>&1", "a >&2", "a &>/dev/null", "echo '&'", 'echo "a & b"', "a # b & c"]
)
def test_other_ampersands_are_none(text: str) -> None:
    assert not traits(text).leaves_processes


def test_daemons_are_named() -> None:
    assert traits("service ssh start && true").daemons == ("service ssh start",)
    assert traits("/etc/init.d/x start; y").daemons == ("/etc/init.d/x start",)


@given(st.text())
def test_any_text_has_traits(text: str) -> None:
    assert traits(text).words is not None


# What counts as the same must be the same: tried in both shells, in words that d2t's own reading is built on.

WORDS = st.sampled_from(
    [
        "echo",
        "a",
        "'b c'",
        '"d $A"',
        "$A",
        "${A:-x}",
        "${A#v}",
        "&&",
        "||",
        ";",
        "|",
        "cat",
        "true",
        "false",
        "\\n",
        "-n",
        "-e",
        "{1,2}",
        "[",
        "]",
        "=",
        "==",
        "!",
        "(",
        ")",
        "$(",
        "`",
        "#",
        "~",
        "*",
        "$0",
        "$'x'",
        "A=1",
        "printf",
        "%s",
        "test",
        "if",
        "then",
        "fi",
        "2>&1",
        ">/dev/null",
        "$$",
        "$?",
    ]
)


@pytest.mark.skipif(not (shutil.which("dash") and shutil.which("bash")), reason="needs dash and bash")
@given(st.lists(WORDS, min_size=1, max_size=7).map(" ".join))
def test_what_counts_as_the_same_is_the_same(text: str) -> None:
    found = traits(text)
    if (
        found.bash_differs
        or found.leaves_processes
        or "$$" in text
        or ">" in text.replace(">/dev/null", "").replace("2>&1", "")
    ):
        return
    results = []
    for program in ("dash", "bash"):
        done = subprocess.run(
            [program, "-c", text],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={"PATH": os.defpath, "A": "v1 2", "HOME": "/"},
            cwd="/",
            timeout=20,
        )
        results.append((done.returncode == 0, done.stdout))
    if not all(ok for ok, _ in results) or any(b"not found" in output for _, output in results):  # they name themselves
        assert results[0][0] == results[1][0], text
    else:
        assert results[0] == results[1], text


@pytest.mark.parametrize(
    "form", [*shell._BARE, *shell._ACTIVE, *shell._RAW, *shell._ADDED, *shell._SET_E, *shell._BACKGROUND]
)
@given(data=st.data())
def test_what_a_pattern_matches_has_its_sign(form: Form, data: st.DataObject) -> None:
    assert occurs([form], data.draw(st.from_regex(form.pattern)))


@given(st.from_regex(profile._FILES.pattern))
def test_a_file_of_login_shells_has_its_sign(text: str) -> None:
    assert profile.profile_files(text)


@given(st.from_regex(shell._BUILTIN.pattern))
def test_a_builtin_is_a_word(text: str) -> None:
    assert not frozenset(shell._WORD.findall(text)).isdisjoint(shell._BUILTINS)
