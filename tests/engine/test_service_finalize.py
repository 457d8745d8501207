"""The last phase: what is fresh, whose it is, and when a template counts as ready."""

from __future__ import annotations

import json
import threading

import pytest
from building import Lab, printed

from d2t.local.execute import Limits


@pytest.fixture
def lab(engine, tmp_path):
    with_images = Lab(engine, tmp_path)
    yield with_images
    with_images.close()


def test_tmp_and_run_are_fresh(lab):
    result = lab.build(("RUN", "mkdir /tmp/d /run/d; touch /tmp/f /run/f /dev/shm/f /var/tmp/f; ln -s / /tmp/root"))
    assert lab.see(result, "ls -A /tmp; ls -A /run; ls /var/tmp; stat -c %a /tmp") == "lock\nf\n1777\n"


def test_tmp_lasts_from_step_to_step(lab):
    assert lab.ok(("RUN", "touch /tmp/f"), ("RUN", "ls /tmp")) == ["f"]


def test_modes_below_usr_local_and_code(lab):
    make = "install -m 4755 /bin/true /usr/local/bin/s; install -m 600 /dev/null /usr/local/p; mkdir -m 700 /code"
    result = lab.build(("RUN", make))
    assert lab.see(result, "stat -c %a /usr/local/bin/s /usr/local/p /code") == "777\n777\n777\n"


def test_the_home_of_user(lab):
    result = lab.build(("RUN", "touch /home/user/f; rm /home/user/.profile; echo mine >/home/user/.bashrc"))
    script = "stat -c %U:%G /home/user/f; ls -A /home/user; cat /home/user/.bashrc; passwd -S user | cut -d' ' -f2"
    assert lab.see(result, script).split() == ["user:user", ".bash_logout", ".bashrc", ".profile", "f", "mine", "NP"]


def test_user_is_made_again(lab):
    result = lab.build(("RUN", "userdel -r user"))
    assert lab.see(result, "id -un user; ls -d /home/user") == "user\n/home/user\n"


def test_a_configuration_that_fails(lab):
    result = lab.build(("RUN", "rm /usr/sbin/usermod"))
    assert result.error.step == "finalize"
    assert result.error.message.startswith("configuration script failed: exit status")


def test_labels(lab):
    steps = (("USER", "app"), ("WORKDIR", "/w"), ("ENV", "A", "b c"))
    result = lab.build(*steps, startCmd="sleep 50", readyCmd="true")
    image = lab.client.images.get(result.image_id)
    assert image.labels["d2t.template"] == lab.name
    assert image.tags == [result.image]
    assert result.image == f"d2t/{lab.name}:{image.labels['d2t.build']}"
    assert (image.labels["d2t.user"], image.labels["d2t.workdir"]) == ("app", "/w")
    assert json.loads(image.labels["d2t.env"])["A"] == "b c"
    assert (image.labels["d2t.start"], image.labels["d2t.ready"]) == ("sleep 50", "true")


def test_the_start_command_has_the_context(lab):
    steps = (("USER", "app"), ("WORKDIR", "/w"), ("ENV", "A", "b"))
    result = lab.build(*steps, startCmd="echo $(id -un) $PWD $A $0; sleep 50", readyCmd="true")
    assert printed(result, "finalize") == ["passwd: password changed.", "app /w b /bin/bash"]


def test_the_ready_command_has_the_context(lab):
    steps = (("USER", "app"), ("WORKDIR", "/w"), ("ENV", "A", "b"))
    result = lab.build(*steps, readyCmd="echo $(id -un) $PWD $A")
    assert "app /w b" in printed(result, "finalize")


@pytest.mark.parametrize("user", ["root", "app"])
def test_a_start_command_that_fails_fails_the_build(lab, user):
    limits = Limits(ready_interval=0.05)  # and nobody waits the 20 s that a missing ready command stands for
    result = lab.build(("USER", user), startCmd="echo oh; exit 3", limits=limits)
    assert result.error.message == "start command failed: error running start command: exit status 3"
    assert (result.error.step, result.error.exit_code, result.error.output) == ("finalize", 3, ("oh",))


def test_a_start_command_that_ends_well(lab):
    assert lab.build(startCmd="touch /made", readyCmd="[ -e /made ]").error is None


def test_a_start_command_without_a_ready_command_is_given_time(lab):
    result = lab.build(startCmd="sleep 0.2; echo up >/up; sleep 50", limits=Limits(default_ready=1.5))
    assert lab.see(result, "cat /up") == "up\n"


def test_a_start_command_that_cannot_start(lab):
    result = lab.build(("WORKDIR", "/w"), ("RUN", "true"), ("RUN", "cd /; rmdir /w"), startCmd="true")
    assert result.error.message == "start command failed: cwd '/w' does not exist"


def test_the_ready_command_is_retried(lab):
    result = lab.build(startCmd="sleep 0.5; touch /up; sleep 50", readyCmd="[ -e /up ] && echo now")
    assert "now" in printed(result, "finalize")
    assert [entry.level for entry in result.logs if entry.message == "Template is not ready: exit status 1"]


def test_a_template_that_is_never_ready(lab):
    limits = Limits(ready=1.0, ready_interval=0.05)
    result = lab.build(startCmd="sleep 50", readyCmd="false", limits=limits)
    assert (result.error.step, result.error.message) == ("finalize", "ready command timed out after 1 s")
    result = lab.build(startCmd="sleep 50", readyCmd="sleep 50", limits=limits)
    assert result.error.message == "ready command timed out after 1 s"


def test_a_ready_command_without_a_start_command(lab):
    assert lab.build(readyCmd="true").error is None


def test_files_of_the_start_command_are_part_of_the_template(lab):
    result = lab.build(startCmd="echo pid >/tmp/pid; sleep 50", readyCmd="[ -e /tmp/pid ]")
    assert lab.see(result, "cat /tmp/pid") == "pid\n"


def test_the_running_sandbox_can_be_looked_at(lab):
    seen = []

    def look(shell, context):
        processes = shell.sandbox.call("cat /proc/[0-9]*/cmdline").stdout
        seen.append((context.user, b"sleep\x0051\x00" in processes))

    lab.build(("USER", "app"), startCmd="exec sleep 51", readyCmd="true", when_ready=look)
    assert seen == [("app", True)]


def test_nothing_of_the_build_is_in_the_image(lab):
    result = lab.build(("ENV", "A", "b"))
    assert lab.see(result, "ls -d /dev/.d2t 2>&1; echo [$A]; env | grep -c E2B || true").splitlines() == [
        "ls: cannot access '/dev/.d2t': No such file or directory",
        "[]",
        "0",
    ]
    config = lab.client.images.get(result.image_id).attrs["Config"]
    assert (config["User"], config["Entrypoint"] or []) == ("0:0", [])


def test_no_container_is_left(lab, engine):
    lab.build(("RUN", "sleep 100 >/dev/null 2>&1 &"), startCmd="sleep 50", readyCmd="true")
    lab.build(("RUN", "exit 1"))
    lab.build(("RUN", "sleep 50"), limits=Limits(step=0.3))
    assert own(lab, engine) == []


def test_a_build_can_be_cancelled(lab, engine):
    cancelled = threading.Event()

    def listen(entry):
        if "begun" in entry.message and "stdout" in entry.message:
            cancelled.set()

    result = lab.build(("RUN", "echo begun; sleep 50"), cancelled=cancelled, log=listen)
    assert result.error.message == "build was cancelled"
    assert own(lab, engine) == []


def own(lab, engine):
    filters = {"label": f"d2t.owner={engine.owner}"}
    return [each.id for each in lab.client.containers.list(filters=filters, ignore_removed=True)]
