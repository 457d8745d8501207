"""What counts as a difference, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from d2t.providers import load
from d2t.verify.compare import Control, Difference, compare, same_search
from d2t.verify.state import Entry, Files, Process, Snapshot, Start

E2B = load("e2b")
FILE = Entry("file", 0o644, 0, 0, 1, "aa")
PASSWD = "root:x:0:0:root:/root:/bin/bash\n"
BASE = {
    "/bin/sh": replace(FILE, mode=0o755),
    "/usr/local": Entry("dir", 0o755, 0, 0),
    "/etc/machine-id": FILE,
    "/etc/passwd": replace(FILE, digest="p0", content=PASSWD.encode()),
    "/etc/profile": replace(FILE, digest="r0", content=b"umask 022\n"),
}
CONTROL = {
    "/bin/sh": BASE["/bin/sh"],
    "/usr/local": Entry("dir", 0o777, 0, 0),
    "/etc/passwd": replace(FILE, digest="p1", content=(PASSWD + "user:x:1000:1000::/home/user:/bin/bash\n").encode()),
    "/etc/profile": replace(FILE, digest="r1", content=b"umask 022\nexport PS1=x\n"),
    "/home/user": Entry("dir", 0o755, 1000, 1000),
}
PROCESS = Process(("sleep", "300"), {"PATH": "/bin", "A": "1", "HOME": "/root"}, "/srv", 1, 2, (2, 3))
SERVICE_ENV = {"PWD": "/", "USER": "root", "HOME": "/root"}


def control() -> Control:
    return Control(Files(BASE), Files(CONTROL), Process((), SERVICE_ENV), Process((), SERVICE_ENV))


def files(docker: dict[str, Entry], service: dict[str, Entry]) -> list[tuple[str, str]]:
    """The differences after a Dockerfile that adds `docker` to the base, and a template that adds `service`."""
    found = compare(Snapshot(Files(BASE | docker)), Snapshot(Files(CONTROL | service)), control(), E2B)
    return [(item.subject, item.aspect) for item in found]


def test_the_empty_dockerfile_is_the_same() -> None:
    assert files({}, {}) == []


@pytest.mark.parametrize(
    ("change", "aspect"),
    [
        ({"mode": 0o600}, "mode"),
        ({"mode": 0o4644}, "mode"),
        ({"uid": 5}, "owner"),
        ({"gid": 5}, "owner"),
        ({"digest": "bb"}, "content"),
        ({"size": 2}, "content"),
        ({"kind": "dir"}, "kind"),
        ({"xattrs": (("security.capability", "x"),)}, "xattrs"),
    ],
)
def test_each_aspect_of_a_file_counts(change: dict[str, object], aspect: str) -> None:
    assert files({"/a": FILE}, {"/a": replace(FILE, **change)}) == [("/a", aspect)]  # type: ignore[arg-type]


def test_targets_and_devices_count() -> None:
    link, device = Entry("symlink", 0o777, 0, 0, target="x"), Entry("char", 0o666, 0, 0, device=(1, 3))
    assert files({"/l": link}, {"/l": replace(link, target="y")}) == [("/l", "target")]
    assert files({"/n": device}, {"/n": replace(device, device=(1, 5))}) == [("/n", "device")]


def test_a_file_on_one_side_only() -> None:
    assert files({"/a": FILE}, {}) == [("/a", "presence")]
    assert files({}, {"/a": FILE}) == [("/a", "presence")]


def test_a_removed_file_that_the_service_keeps() -> None:
    docker = {path: entry for path, entry in BASE.items() if path != "/bin/sh"}
    found = compare(Snapshot(Files(docker)), Snapshot(Files(CONTROL)), control(), E2B)
    assert found == (Difference("files", "/bin/sh", "presence", "", "file 0755 0:0"),)


def test_a_change_of_the_base_that_is_not_the_controls() -> None:
    assert files({}, {"/bin/sh": FILE}) == [("/bin/sh", "mode")]


def test_mounts_and_caches_do_not_count() -> None:
    assert files({"/etc/resolv.conf": FILE, "/dev/x": FILE}, {"/etc/passwd-": FILE}) == []


def test_the_closing_chmod_counts_where_it_loses_something() -> None:
    tool = replace(FILE, mode=0o755)
    assert files({"/usr/local/bin/x": tool}, {"/usr/local/bin/x": replace(tool, mode=0o777)}) == []
    assert files({"/usr/local/bin/x": tool}, {"/usr/local/bin/x": replace(tool, mode=0o700)}) != []
    assert (
        files({"/usr/local/bin/x": replace(tool, mode=0o4755)}, {"/usr/local/bin/x": replace(tool, mode=0o777)}) != []
    )
    assert files({"/usr/local/key": replace(tool, mode=0o600)}, {"/usr/local/key": replace(tool, mode=0o777)}) != []
    assert files({"/opt/x": tool}, {"/opt/x": replace(tool, mode=0o777)}) != []


def accounts(docker: str, service: str) -> list[tuple[str, str]]:
    def entry(text: str) -> dict[str, Entry]:
        return {"/etc/passwd": replace(FILE, digest=text, content=text.encode())}

    return files(entry(docker), entry(service))


def test_the_services_user_does_not_count_but_the_dockerfiles_do() -> None:
    app, user = "app:x:1001:1001::/home/app:/bin/sh\n", "user:x:1000:1000::/home/user:/bin/bash\n"
    assert accounts(PASSWD + app, PASSWD + user + app) == []
    assert accounts(PASSWD + app, PASSWD + app + user.replace("1000", "1002")) == []
    assert accounts(PASSWD + app, PASSWD + user + app.replace("1001", "1002")) == [("/etc/passwd", "app")]
    assert accounts(PASSWD + user.replace("1000", "7"), PASSWD + user) == [("/etc/passwd", "user")]
    assert accounts(PASSWD + app, PASSWD + user) == [("/etc/passwd", "app")]


def test_the_services_user_may_have_another_id_than_in_the_control() -> None:
    home = {"/home/user": Entry("dir", 0o755, 1002, 1002)}
    moved = PASSWD + "user:x:1002:1002::/home/user:/bin/bash\n"
    passwd = {"/etc/passwd": replace(FILE, digest="p2", content=moved.encode())}
    assert files({}, home | passwd) == []
    assert files({}, home) == [("/home/user", "presence")]


def test_lines_that_provisioning_appends_do_not_count() -> None:
    def entry(text: bytes) -> dict[str, Entry]:
        return {"/etc/profile": replace(FILE, digest=text.hex(), content=text)}

    assert files(entry(b"umask 022\nmine\n"), entry(b"umask 022\nexport PS1=x\nmine\n")) == []
    assert files(entry(b"umask 022\nmine\n"), entry(b"umask 022\nexport PS1=x\n")) == [("/etc/profile", "content")]


def starts(docker: Start, service: Start) -> list[tuple[str, str]]:
    found = compare(Snapshot(Files(BASE), docker), Snapshot(Files(CONTROL), service), control(), E2B)
    assert all(item.area == "start" for item in found)
    return [(item.subject, item.aspect) for item in found]


def test_the_same_process_is_the_same() -> None:
    assert starts(Start(PROCESS), Start(PROCESS)) == []


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        ({"argv": ("sleep", "301")}, "argv"),
        ({"cwd": "/"}, "cwd"),
        ({"uid": 0}, "uid"),
        ({"gid": 0}, "gid"),
        ({"groups": (2,)}, "groups"),
        ({"umask": 0o077}, "umask"),
        ({"children": (Process(("x",)),)}, "children"),
    ],
)
def test_each_aspect_of_a_process_counts(change: dict[str, object], subject: str) -> None:
    assert starts(Start(PROCESS), Start(replace(PROCESS, **change))) == [(subject, "")]  # type: ignore[arg-type]


def test_grandchildren_count() -> None:
    def family(argv: str) -> Start:
        return Start(replace(PROCESS, children=(Process(("sh",), children=(Process((argv,)),)),)))

    assert starts(family("a"), family("a")) == []
    assert starts(family("a"), family("b")) == [("children", "")]


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"A": "2"}, [("env", "A")]),
        ({"A": None}, [("env", "A")]),
        ({"B": "x"}, [("env", "B")]),
        ({"HOME": "/"}, [("env", "HOME")]),
        ({"PWD": "/x", "USER": "y"}, []),  # the service sets them in the control too
        ({"HOSTNAME": "z", "SHLVL": "3", "_": "/bin/x"}, []),
        ({"PATH": "/bin:/usr/local/sbin:/usr/bin"}, []),
        ({"PATH": "/usr/bin:/bin"}, [("env", "PATH")]),
        ({"PATH": "/bin:/opt/x"}, [("env", "PATH")]),
    ],
)
def test_the_environment(env: dict[str, str | None], expected: list[tuple[str, str]]) -> None:
    values = {name: value for name, value in ({**PROCESS.env, **env}).items() if value is not None}
    assert starts(Start(PROCESS), Start(replace(PROCESS, env=values))) == expected


def test_a_variable_of_the_dockerfile_counts_although_the_service_sets_it_too() -> None:
    docker = replace(PROCESS, env={**PROCESS.env, "USER": "mine"})
    service = replace(PROCESS, env={**PROCESS.env, "USER": "root"})
    assert starts(Start(docker), Start(service)) == [("env", "USER")]


@pytest.mark.parametrize(
    ("docker", "service", "expected"),
    [
        (Start(PROCESS), Start(), [("state", "")]),
        (Start(), Start(PROCESS), [("state", "")]),
        (Start(exit_code=0), Start(exit_code=1), [("state", "")]),
        (Start(exit_code=0, output="a"), Start(exit_code=0, output="b"), [("output", "")]),
        (Start(exit_code=0, output="a"), Start(exit_code=0, output="a"), []),
        (Start(), Start(), []),
    ],
)
def test_how_the_start_command_fares(docker: Start, service: Start, expected: list[tuple[str, str]]) -> None:
    assert starts(docker, service) == expected


def test_what_a_later_command_sees_counts() -> None:
    def later(**change: object) -> list[tuple[str, str]]:
        docker = Snapshot(Files(BASE), later=PROCESS)
        service = Snapshot(Files(CONTROL), later=replace(PROCESS, argv=("bash",), **change))  # type: ignore[arg-type]
        return [(item.area, item.subject) for item in compare(docker, service, control(), E2B)]

    assert later() == []
    assert later(uid=0) == [("later", "uid")]
    assert later(cwd="/") == [("later", "cwd")]
    assert later(env={"PATH": "/bin", "HOME": "/root"}) == [("later", "env")]


def test_a_sandbox_without_commands_counts() -> None:
    docker = Snapshot(Files(BASE), later=PROCESS)
    service = Snapshot(Files(CONTROL), later_error="cwd '/gone' does not exist")
    assert [item.subject for item in compare(docker, service, control(), E2B)] == ["state"]


def test_docker_run_makes_a_missing_working_directory() -> None:
    docker = Snapshot(Files(BASE), later=PROCESS)  # its folder is /srv
    made = {"/srv": Entry("dir", 0o755, 0, 0)}
    service = Snapshot(Files(CONTROL | made), later=PROCESS)
    assert compare(docker, service, control(), E2B) == ()
    other = Snapshot(Files(CONTROL | {"/srvx": made["/srv"]}), later=PROCESS)
    assert [item.subject for item in compare(docker, other, control(), E2B)] == ["/srvx"]


@pytest.mark.parametrize(
    ("docker", "service", "same"),
    [
        ("/a:/b", "/a:/b", True),
        ("/a:/b", "/a:/b:/usr/bin:/bin", True),
        ("/a:/b", "/b:/a", False),
        ("/a", "/ab", False),
        ("/a", "/usr/bin:/a", False),
        ("", "/bin", False),
    ],
)
def test_a_search_path_may_end_with_standard_folders(docker: str, service: str, same: bool) -> None:
    assert same_search(docker, service) is same
