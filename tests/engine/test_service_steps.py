"""The ways of the service, one test each: what a step sees, and what fails a build."""

from __future__ import annotations

import tarfile

import pytest
from building import Lab, printed

from d2t.local.execute import Limits


@pytest.fixture
def lab(engine, tmp_path):
    with_images = Lab(engine, tmp_path)
    yield with_images
    with_images.close()


# RUN


def test_bash_runs_commands_whatever_the_image_says(lab):
    assert lab.ok(("RUN", 'echo "$BASH" "$0"; echo "a\\tb"; [[ a == a ]] && echo {1,2}; shopt -q login_shell && echo login')) == [
        "/bin/bash /bin/bash",
        "a\\tb",
        "1 2",
        "login",
    ]  # fmt: skip


def test_a_login_shell_resets_path(lab):
    assert lab.ok(("ENV", "PATH", "/opt/x/bin:$PATH"), ("RUN", "echo $PATH")) == [
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    ]


def test_the_path_that_the_shell_was_started_with_is_still_there(lab):
    (path,) = lab.ok(("ENV", "PATH", "/opt/x/bin"), ("RUN", "tr '\\0' '\\n' </proc/$$/environ | grep ^PATH="))
    assert path == "PATH=/opt/x/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def test_a_users_path_has_no_sbin(lab):
    assert lab.ok(("USER", "app"), ("RUN", "echo $PATH")) == [
        "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
    ]


@pytest.mark.parametrize("user", [(), (("USER", "app"),)])
def test_profile_files_reach_later_steps(lab, user):
    assert lab.ok(("RUN", "echo export A=b >/etc/profile.d/a.sh"), *user, ("RUN", "echo $A")) == ["b"]


def test_root_reads_its_bashrc(lab):
    assert lab.ok(("RUN", "echo export A=b >>~/.bashrc"), ("RUN", "echo $A")) == ["b"]


@pytest.mark.parametrize(("user", "home"), [("root", "/root"), ("app", "/home/app")])
def test_the_variables_of_a_command(lab, user, home):
    lines = lab.ok(("USER", user), ("ENV", "A", "b"), ("RUN", "env"))
    seen = dict(line.partition("=")[::2] for line in lines)
    expected = {
        "HOME": home,
        "USER": user,
        "LOGNAME": user,
        "A": "b",
        "SHELL": "/bin/bash",
        "E2B_SANDBOX": "true",
        "PWD": home,
    }
    assert expected.items() <= seen.items()
    assert "HOSTNAME" not in seen
    assert set(seen) - set(expected) == {"PATH", "PS1", "SHLVL", "_", "E2B_SANDBOX_ID", "E2B_TEMPLATE_ID"}


def test_the_start_is_root_at_home(lab):
    assert lab.ok(("RUN", "id -un; pwd")) == ["root", "/root"]


def test_run_as_another_user_is_for_one_command(lab):
    result = lab.build(("RUN", "id -un; pwd", "user"), ("RUN", "id -un; pwd"))
    assert printed(result, 1) == ["user", "/home/user"]
    assert printed(result, 2) == ["root", "/root"]


def test_supplementary_groups(lab):
    assert lab.ok(("RUN", "groupadd extra; useradd -m -G extra app"), ("USER", "app"), ("RUN", "id -Gn")) == [
        "app extra"
    ]


@pytest.mark.parametrize("user", ["root", "app"])
def test_standard_input_never_ends(lab, user):
    result = lab.build(("USER", user), ("RUN", "echo begun; cat"), limits=Limits(step=1.5))
    assert result.error.step == "2"
    assert result.error.message == "failed to run command 'echo begun; cat': still running after 1.5 s"
    assert result.error.output == ("begun",)
    assert result.error.exit_code is None


@pytest.mark.parametrize("user", ["root", "app"])
def test_a_step_lasts_until_its_output_is_closed(lab, user):
    assert lab.ok(("USER", user), ("RUN", "(sleep 0.7; echo late) & echo early")) == ["early", "late"]


@pytest.mark.parametrize("user", ["root", "app"])
def test_a_process_that_closes_its_output_is_waited_for(lab, user):
    result = lab.build(("USER", user), ("RUN", "exec >&- 2>&-; sleep 0.5; exit 7"))
    assert result.error.exit_code == 7


@pytest.mark.parametrize("user", ["root", "app"])
def test_a_background_process_lives_on_until_the_last_phase(lab, user):
    steps = (
        ("USER", user),
        ("RUN", "sleep 50 >/dev/null 2>&1 & echo $! >~/pid"),
        ("RUN", "kill -0 $(cat ~/pid) && echo alive"),
    )
    assert lab.ok(*steps, startCmd="! kill -0 $(cat ~/pid) && sleep 50", readyCmd="true") == ["alive"]


@pytest.mark.parametrize("user", ["root", "app"])
def test_a_failure_says_all(lab, user):
    result = lab.build(("USER", user), ("RUN", "echo out; echo err >&2; exit 3"))
    assert result.error.message == "failed to run command 'echo out; echo err >&2; exit 3': exit status 3"
    assert (result.error.step, result.error.exit_code) == ("2", 3)
    assert sorted(result.error.output) == ["err", "out"]
    assert result.image == ""
    assert printed(result, 2, "stderr") == ["err"]


@pytest.mark.parametrize("user", ["root", "app"])
def test_signals_are_not_ignored(lab, user):
    assert lab.ok(("USER", user), ("RUN", "trap 'echo caught' INT; kill -INT $$; echo on")) == ["caught", "on"]


@pytest.mark.parametrize("user", ["root", "app"])
def test_a_command_of_more_than_128_kib(lab, user):
    result = lab.build(("USER", user), ("RUN", f"true {'x' * 140_000}"))
    assert result.error.step == "2"
    assert "rgument list too long" in "".join([result.error.message, *result.error.output])


def test_output_that_is_no_text(lab):
    assert lab.ok(("RUN", "printf 'a\\000\\377b\\n'; head -c 300000 /dev/zero | tr '\\0' x; echo"))[0] == "a\0\ufffdb"


def test_a_user_cannot_open_the_pipes_of_its_output(lab):
    assert lab.ok(("RUN", "echo a >/dev/stdout; echo b >/dev/stdout")) == ["a", "b"]
    result = lab.build(("RUN", "echo a >/dev/stdout", "user"))
    assert "Permission denied" in result.error.output[-1]


# ENV


@pytest.mark.parametrize(
    ("value", "becomes"),
    [
        ("plain", "plain"),
        ("a b  c", "a b  c"),
        ("", ""),
        ("$HOME", "/root"),
        ("$A-x", "-x"),
        ("${A:-none}", "none"),
        ("$PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("\\$A", "\\"),
        ('"q"', '"q"'),
        ("'q'", "'q'"),
        ("`id`", "`id`"),
        ("$(id)", "$(id)"),
        ("${D2T_-$}HOME", "$HOME"),
        ("a\\nb", "a\\nb"),
        ("two\nlines\n", "two\nlines\n"),
        ("é ☃", "é ☃"),
        ("%s %d", "%s %d"),
        ("$((1+1))", "$((1+1))"),
    ],
)
def test_env_is_evaluated_by_a_root_login_shell_without_the_context(lab, value, becomes):
    result = lab.build(("ENV", "A", "outer"), ("USER", "app"), ("ENV", "B", value))
    assert result.error is None, result.error
    assert result.context.env["B"] == becomes


def test_an_env_that_cannot_be_evaluated(lab):
    result = lab.build(("ENV", "A", "${x:?}"))
    assert result.error.step == "1"
    assert result.error.message.startswith("failed to evaluate environment variable A: exit status")


def test_several_variables_of_one_step_do_not_see_each_other(lab):
    result = lab.build(("ENV", "A", "1", "B", "$A"))
    assert (result.context.env["A"], result.context.env["B"]) == ("1", "")


def test_arg_is_env(lab):
    assert lab.ok(("ARG", "A", "b"), ("RUN", "echo $A")) == ["b"]


def test_env_of_the_base(lab):
    made = lab.derive(changes=["ENV EMPTY=", "ENV PADDED='  x '", "ENV TOOL=/opt/tool"])
    result = lab.build(("RUN", "echo $TOOL"), fromImage=made)
    assert printed(result, 1) == ["/opt/tool"]
    assert result.context.env["PADDED"] == "x"
    assert "EMPTY" not in result.context.env


def test_the_config_of_the_base_is_dropped(lab):
    changes = ["USER daemon", "WORKDIR /srv", 'ENTRYPOINT ["/bin/false"]', 'CMD ["x"]', "VOLUME /data", "ENV A=b"]
    made = lab.derive("mkdir /data; echo base >/data/base", changes)
    result = lab.build(("RUN", "id -un; pwd; echo kept >/data/file"), fromImage=made)
    assert printed(result, 1) == ["root", "/root"]
    assert lab.see(result, "cat /data/base /data/file; id -un; echo [$A]") == "base\nkept\nroot\n[]\n"


# USER


def test_users_are_created(lab):
    assert lab.ok(("USER", "ghost"), ("RUN", "id -un; pwd; echo $SHELL; getent passwd ghost | cut -d: -f7")) == [
        "ghost",
        "/home/ghost",
        "/bin/bash",
        "/bin/bash",
    ]


def test_a_number_is_a_name(lab):
    result = lab.build(("RUN", "useradd -u 1234 app"), ("USER", "1234"), ("RUN", "true"))
    assert result.error.step == "3"
    assert result.error.message == "failed to run command 'true': invalid username: '1234'"


@pytest.mark.parametrize("user", ["app:grp", "1234:1234", "a b"])
def test_users_that_cannot_be_made(lab, user):
    result = lab.build(("RUN", "useradd -u 1234 app; groupadd grp"), ("USER", user))
    assert result.error.step == "2"
    assert result.error.message.startswith("failed to create user: exit status")


def test_a_variable_in_a_users_name_is_kept(lab):
    result = lab.build(("ENV", "U", "daemon"), ("USER", "$U"), ("RUN", "true"))
    assert result.error.message == "failed to run command 'true': invalid username: '$U'"


def test_a_user_that_is_gone(lab):
    result = lab.build(("USER", "app"), ("RUN", "userdel app", "root"), ("RUN", "true"))
    assert (result.error.step, result.error.exit_code) == ("3", None)


@pytest.mark.parametrize("command", ["useradd -m -u 1000 app", "groupadd -g 1000 app", "useradd user", "groupadd user"])
def test_the_first_uid_and_the_name_user_are_taken(lab, command):
    assert lab.build(("RUN", command)).error.step == "1"


def test_the_user_of_the_service(lab):
    assert lab.ok(("RUN", "id user")) == ["uid=1000(user) gid=1000(user) groups=1000(user),27(sudo)"]


# WORKDIR


def test_workdir_is_made_and_belongs_to_the_user(lab):
    lines = lab.ok(("USER", "app"), ("WORKDIR", "/srv/a/b"), ("RUN", "pwd; stat -c '%U:%G %n' /srv /srv/a /srv/a/b"))
    assert lines == ["/srv/a/b", "root:root /srv", "app:app /srv/a", "app:app /srv/a/b"]


def test_a_workdir_that_exists_keeps_its_owner(lab):
    assert lab.ok(("USER", "app"), ("WORKDIR", "/srv"), ("RUN", "stat -c %U .")) == ["root"]


def test_a_relative_workdir_joins(lab):
    assert lab.ok(("WORKDIR", "a"), ("WORKDIR", "b/../c"), ("RUN", "pwd")) == ["/a/c"]


def test_a_variable_in_a_workdir(lab):
    """It is expanded when the folder is made, and not when it is entered."""
    result = lab.build(("ENV", "D", "/srv"), ("WORKDIR", "$D/x"))
    assert result.error.step == "2"
    assert "failed to save workdir" in result.error.message or "absolute path" in result.error.message


@pytest.mark.parametrize("user", ["root", "app"])
def test_a_workdir_that_is_a_symbolic_link(lab, user):
    """No PWD is handed over: the shell finds the folder's own name."""
    make = ("RUN", "mkdir /real; ln -s /real /link")
    result = lab.build(make, ("WORKDIR", "/link"), ("USER", user), ("RUN", "pwd"))
    assert printed(result, 4) == ["/real"]
    assert result.context.workdir == "/link"


def test_a_workdir_that_is_gone(lab):
    result = lab.build(("WORKDIR", "/gone"), ("RUN", "rm -r /gone"), ("RUN", "true"))
    assert result.error.step == "3"
    assert result.error.message == "failed to run command 'true': cwd '/gone' does not exist"


def test_a_workdir_that_the_user_may_not_enter(lab):
    result = lab.build(("WORKDIR", "/root"), ("USER", "app"), ("RUN", "true"))
    assert result.error.step == "3"


# COPY


def test_copy_belongs_to_the_contexts_user(lab):
    files = lab.context({"a.txt": "text"})
    see = ("RUN", "stat -c '%U:%G %a' /srv/a; cat /srv/a")
    assert lab.ok(("USER", "app"), ("COPY", "a.txt", "/srv/a", "", "", files), see) == ["app:app 640", "text"]
    assert lab.ok(("COPY", "a.txt", "/srv/a", "", "", files), see)[0] == "root:root 640"


def test_copy_with_owner_and_mode(lab):
    files = lab.context({"a.txt": "text"})
    see = ("RUN", "stat -c '%U:%G %a' /srv/a")
    assert lab.ok(("COPY", "a.txt", "/srv/a", "daemon:sys", "0755", files), see) == ["daemon:sys 755"]
    assert lab.ok(("COPY", "a.txt", "/srv/a", "daemon", "", files), see) == ["daemon:daemon 640"]


def test_an_owner_whose_group_has_another_name_is_ignored_silently(lab):
    files = lab.context({"a.txt": "text"})
    make = ("RUN", "groupadd grp; useradd -g grp app")
    see = ("RUN", "stat -c '%u' /srv/a")
    assert lab.ok(make, ("COPY", "a.txt", "/srv/a", "app", "", files), see) == ["501"]


def test_folders_that_copy_makes_stay_roots(lab):
    files = lab.context({"a.txt": "text"})
    see = ("RUN", "stat -c %U /srv/new")
    assert lab.ok(("USER", "app"), ("COPY", "a.txt", "/srv/new/a", "", "", files), see) == ["root"]


@pytest.mark.parametrize(("target", "path"), [("b", "/w/b"), ("b/", "/w/b/a.txt"), ("/b", "/b")])
def test_where_a_file_goes(lab, target, path):
    files = lab.context({"a.txt": "text"})
    assert lab.ok(("WORKDIR", "/w"), ("COPY", "a.txt", target, "", "", files), ("RUN", f"cat {path}")) == ["text"]


def test_a_relative_target_without_a_workdir_is_below_home(lab):
    files = lab.context({"a.txt": "text"})
    assert lab.ok(("USER", "app"), ("COPY", "a.txt", "b", "", "", files), ("RUN", "cat /home/app/b")) == ["text"]


def test_a_folder_is_merged(lab):
    files = lab.context({"d": None, "d/new": "new", "d/old": "newer"})
    make = ("RUN", "mkdir /t; echo old >/t/old; echo kept >/t/kept; mkdir /real; ln -s /real /t/sub")
    assert lab.ok(make, ("COPY", "d", "/t", "", "", files), ("RUN", "cd /t; cat kept new old; echo; ls")) == [
        "kept",
        "newnewer",
        "kept",
        "new",
        "old",
        "sub",
    ]


def test_a_pattern_keeps_the_folders(lab):
    files = lab.context({"src": None, "src/a.py": "a"})
    assert lab.ok(("COPY", "s?c/*.py", "/py/", "", "", files), ("RUN", "find /py -type f")) == ["/py/src/a.py"]


def test_a_symbolic_link_is_copied_as_such(lab):
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
    files = lab.context({"link": link})
    assert lab.ok(("COPY", "link", "/l", "", "", files), ("RUN", "readlink /l")) == ["/etc/hostname"]


def test_a_link_at_the_target_is_replaced(lab):
    files = lab.context({"a.txt": "text"})
    make = ("RUN", "echo old >/real; ln -s /real /l")
    assert lab.ok(make, ("COPY", "a.txt", "/l", "", "", files), ("RUN", "cat /real; readlink /l || echo file")) == [
        "old",
        "file",
    ]


def test_an_archive_is_not_unpacked(lab):
    files = lab.context({"a.tar.gz": "no archive"})
    assert lab.ok(("COPY", "a.tar.gz", "/opt/", "", "", files), ("RUN", "ls /opt")) == ["a.tar.gz"]


def test_an_upload_that_is_no_archive(lab, tmp_path):
    files = lab.context({"a": "x"})
    (tmp_path / files).write_bytes(b"no gzip")
    result = lab.build(("COPY", "a", "/a", "", "", files))
    assert result.error.message == "failed to extract files: exit status 2"


@pytest.mark.parametrize(
    ("before", "message"),
    [("rm -r /tmp", None), ("rm -r /tmp; ln -s /srv /tmp", None), ("rm -r /tmp; touch /tmp", "failed to ")],
)
def test_an_odd_tmp(lab, before, message):
    files = lab.context({"a": "text"})
    result = lab.build(("RUN", before), ("COPY", "a", "/a", "", "", files), ("RUN", "cat /a"))
    if message is None:
        assert printed(result, 3) == ["text"]
    else:
        assert result.error.step == "2"
        assert result.error.message.startswith(message)


def test_files_that_were_not_uploaded(lab):
    result = lab.build(("COPY", "a", "/a", "", "", "0" * 64))
    assert (result.error.step, result.error.message) == ("1", f"the files {'0' * 64} were not uploaded")


def test_unknown_steps(lab):
    result = lab.build(("RUN", "true"), ("EXPOSE", "80"))
    assert (result.error.step, result.error.message) == ("2", "command type EXPOSE is not implemented")


# bases


def test_a_base_that_is_not_there(lab):
    result = lab.build(fromImage="localhost:1/nothing:here")
    assert result.error.step == "base"
    assert result.error.message.startswith("cannot pull localhost:1/nothing:here")


def test_a_password_is_not_said(lab):
    registry = {"type": "registry", "username": "someone", "password": "hunter2"}
    result = lab.build(fromImage="localhost:1/nothing:here", fromImageRegistry=registry)
    assert result.error.step == "base"
    assert "hunter2" not in repr(result)


@pytest.mark.parametrize(
    ("release", "message"),
    [
        ("", "it has no /etc/os-release"),
        ("ID=amzn\nID_LIKE='centos rhel fedora'", "unsupported base image distribution 'amzn'"),
        ("ID=plan9", "unsupported base image distribution 'plan9'"),
        ("ID=kali\nID_LIKE=debian", None),
    ],
)
def test_distributions(lab, release, message):
    write = f"; printf '%s\\n' \"{release}\" >/etc/os-release" if release else ""
    result = lab.build(fromImage=lab.derive(f"rm /etc/os-release{write}"))
    if message is None:
        assert result.error is None
        assert any(entry.level == "warn" and "'kali'" in entry.message for entry in result.logs)
    else:
        assert result.error.step == "base"
        assert message in result.error.message


def test_a_base_without_a_shell(lab):
    image = lab.empty()
    result = lab.build(fromImage=image)
    assert result.error.step == "base"
    assert result.error.message.startswith("the image gives no container with a shell")


def test_a_base_without_what_the_service_installs(lab):
    if lab.engine.network != "none":
        pytest.skip("containers have a network: it is installed")
    result = lab.build(fromImage=lab.derive("rm /usr/sbin/useradd /usr/sbin/usermod"))
    assert result.error.step == "base"
    assert result.error.message == (
        "the image lacks useradd, usermod, which the service installs: containers have no network here"
    )


def test_a_template_as_base(lab):
    lab.build(
        ("USER", "app"),
        ("WORKDIR", "/w"),
        ("ENV", "A", "b"),
        ("RUN", "touch made"),
        startCmd="sleep 50",
        readyCmd="true",
    )
    parent = lab.name
    result = lab.build(("RUN", "id -un; pwd; echo $A; ls"), fromTemplate=parent)
    assert printed(result, 1) == ["app", "/w", "b", "made"]
    assert any(entry.message == "Running start command: sleep 50" for entry in result.logs)
    result = lab.build(fromTemplate="no-such-template")
    assert (result.error.step, result.error.message) == ("base", "template 'no-such-template' not found")
