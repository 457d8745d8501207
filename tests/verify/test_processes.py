"""Processes from the text of the script that looks at /proc."""

from __future__ import annotations

import subprocess
import sys

import pytest

from d2t.verify.processes import LOOK, SELF, environment, parse, tree


def dump(pid: int, parent: int, argv: str, state: str = "S", status: str = "", name: str = "sleep") -> str:
    status = status or "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 6\nUmask:\t0077\n"
    values = {"argv": argv, "env": "A=1\0B=x=y\0A=2\0broken\0", "cwd": "/srv/a b\n", "status": status}
    lines = [f"stat {pid} ({name}) {state} {parent} 1 1"]
    return "\n".join([*lines, *(f"{key} {value.encode().hex()}" for key, value in values.items())]) + "\n"


def test_a_process_is_what_proc_says() -> None:
    found, own = parse("self 44\n" + dump(7, 0, "sleep\0\x003 0\0"))
    process = found[7].process
    assert own == 44
    assert process.argv == ("sleep", "", "3 0")
    assert process.env == {"A": "1", "B": "x=y"}
    assert process.cwd == "/srv/a b"
    assert (process.uid, process.gid, process.groups, process.umask) == (2, 6, (6, 9), 0o077)


def test_children_come_in_order_and_the_dead_are_left_out() -> None:
    text = dump(1, 0, "a\0") + dump(10, 1, "c\0") + dump(9, 1, "b\0", name="odd) S 4 (name") + dump(11, 1, "", "Z")
    text += dump(12, 10, "d\0") + dump(13, 0, "other\0")
    root = tree(parse(text)[0], 1)
    assert root is not None
    assert [child.argv for child in root.children] == [("b",), ("c",)]
    assert [child.argv for child in root.children[1].children] == [("d",)]
    assert tree(parse(text)[0], 11) is None
    assert tree(parse(text)[0], 99) is None


def test_the_first_of_two_variables_counts() -> None:
    assert environment("A=1\0A=2\0") == {"A": "1"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_scripts_see_the_shell_that_runs_them() -> None:
    def run(script: str) -> str:
        environment = {"ODD": "a\nb ☃", "PATH": "/usr/bin:/bin"}
        done = subprocess.run(["/bin/sh", "-c", script], env=environment, cwd="/", capture_output=True, check=True)
        return done.stdout.decode()

    (seen,) = parse(run(SELF))[0].values()
    assert seen.process.env["ODD"] == "a\nb ☃"
    assert seen.process.argv[:2] == ("/bin/sh", "-c")
    assert seen.process.cwd == "/"
    found, own = parse(run(LOOK))
    assert found[own].process.argv[0] == "/bin/sh"
