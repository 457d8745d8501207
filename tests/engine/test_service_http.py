"""The whole way: the real SDK, HTTP, the engine, and `d2t shell` on what was built."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import traceback

import pytest
from building import IMAGE, QUICK, Lab
from e2b import Template, wait_for_file
from e2b.exceptions import BuildException, RateLimitException

from d2t import providers
from d2t.local import images
from d2t.local.runner import Runner
from d2t.local.server import running
from d2t.local.session import session

MAIN = "from d2t.cli import main; main()"


@pytest.fixture
def server(request, engine, tmp_path, monkeypatch):
    provider = providers.load(getattr(request, "param", "e2b"))
    with running(provider, builder=Runner(engine, QUICK), log_directory=tmp_path / "logs") as server:
        monkeypatch.setenv("E2B_API_URL", server.url)
        monkeypatch.setenv("E2B_API_KEY", server.api_key)
        yield server


@pytest.fixture
def lab(engine, tmp_path):
    with_images = Lab(engine, tmp_path)
    yield with_images
    for name in ("http-a", "http-b", "http-c", "_odd_"):
        images.remove(with_images.client, name)
    with_images.close()


def test_a_build_with_files(server, lab, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "run.sh").write_text("echo running; touch /tmp/up; sleep 50\n")
    template = (
        Template(file_context_path=str(tmp_path))
        .from_image(IMAGE)
        .set_envs({"GREETING": "hello"})
        .set_user("app")
        .set_workdir("/srv/app")
        .copy("src", ".", user="root:root", mode=0o755)
        .run_cmd('echo "$GREETING" >/tmp/x; stat -c %U run.sh')
        .set_start_cmd("./run.sh", wait_for_file("/tmp/up"))
    )
    lines: list[str] = []
    info = Template.build(template, alias="http-a", on_build_logs=lambda entry: lines.append(entry.message))
    assert "[builder 5/5] [stdout]: root" in lines
    assert "[start] [stdout]: running" in lines
    assert any(line.startswith("Build finished, took") for line in lines)
    (built,) = images.builds(lab.client, "http-a")
    assert (built.build_id, built.context.user, built.context.workdir) == (info.build_id, "app", "/srv/app")


def test_a_failed_step_leads_to_its_line(server, lab):
    template = Template().from_image(IMAGE).run_cmd("true")
    template = template.run_cmd("echo here >&2; exit 9")
    template = template.run_cmd("true")
    with pytest.raises(BuildException, match="exit status 9") as caught:
        Template.build(template, alias="http-a")
    assert 'template.run_cmd("echo here' in "".join(traceback.format_tb(caught.value.__traceback__))
    assert list(images.builds(lab.client, "http-a")) == []


def test_logs_stream_while_a_build_runs(server, lab):
    """The step waits for a file that only appears after its first line was read."""
    template = Template().from_image(IMAGE).run_cmd("echo first; read -t 0.5 x; echo second")
    seen: list[str] = []
    status: list[str] = []

    def listen(entry):
        if "[stdout]: first" in entry.message:
            status.extend(str(build.status) for build in server.store.builds())
        seen.append(entry.message)

    Template.build(template, alias="http-a", on_build_logs=listen)
    assert status == ["building"]
    assert [line.rpartition(" ")[2] for line in seen if line.startswith("[builder 1/1] [stdout]")] == [
        "first",
        "second",
    ]


@pytest.mark.parametrize("server", ["baidu"], indirect=True)
def test_two_builds_run_side_by_side_and_a_third_is_refused(server, lab):
    template = Template().from_image(IMAGE).run_cmd("sleep 1; date +%s.%N")
    built: list[object] = []

    def build(name: str) -> None:
        built.append(Template.build(template, alias=name, memory_mb=2048))

    threads = [threading.Thread(target=build, args=(name,)) for name in ("http-a", "http-b")]
    for thread in threads:
        thread.start()
    while sum(build.status == "building" for build in server.store.builds()) < 2:
        pass
    with pytest.raises(RateLimitException, match="2 builds are in progress already"):
        Template.build(template, alias="http-c", memory_mb=2048)
    for thread in threads:
        thread.join()
    assert len(built) == 2


def test_a_newer_build_ends_the_older(server, lab, engine):
    first = Template.build_in_background(Template().from_image(IMAGE).run_cmd("sleep 50"), alias="http-a")
    second = Template.build(Template().from_image(IMAGE), alias="http-a")
    assert Template.get_build_status(first, logs_offset=0).status == "error"
    assert [each.build_id for each in images.builds(lab.client, "http-a")] == [second.build_id]


def test_deleting_a_template_deletes_its_images(server, lab):
    import httpx

    Template.build(Template().from_image(IMAGE), alias="http-a")
    response = httpx.delete(f"{server.url}/templates/http-a", headers={"X-API-Key": server.api_key})
    assert response.status_code == 204
    end = threading.Event()
    for _ in range(100):
        if not list(images.builds(lab.client, "http-a")):
            return
        end.wait(0.1)
    pytest.fail("the image is still there")


def test_ending_the_service_ends_its_builds(engine, lab, tmp_path):
    with running(providers.load("e2b"), builder=Runner(engine, QUICK), log_directory=tmp_path) as server:
        template = Template().from_image(IMAGE).run_cmd("echo begun; sleep 50")
        os.environ["E2B_API_URL"] = server.url
        try:
            info = Template.build_in_background(template, alias="http-a", api_key=server.api_key)
        finally:
            del os.environ["E2B_API_URL"]
        while not any(entry.message.endswith("[stdout]: begun") for entry in server.log(info.build_id)):
            pass
    assert server.log(info.build_id)[-1].message == "Build failed: build was cancelled"
    filters = {"label": f"d2t.owner={engine.owner}"}
    assert lab.client.containers.list(filters=filters, ignore_removed=True) == []


def test_names_that_no_repository_can_have(server, lab):
    Template.build(Template().from_image(IMAGE), alias="_odd_")
    (built,) = images.builds(lab.client, "_odd_")
    assert built.name == "_odd_"
    with session(lab.engine, "_odd_") as (sandbox, problem):
        assert (sandbox.run("true", lambda stream, data: None), problem) == (0, "")


def test_images_that_someone_makes_from_a_build_are_not_builds(server, lab):
    """They inherit its labels."""
    info = Template.build(Template().from_image(IMAGE), alias="http-a")
    made = lab.client.containers.create(f"d2t/http-a:{info.build_id}", network_mode="none")
    try:
        made.commit(repository="d2t-test", tag="mine")
        assert [each.build_id for each in images.builds(lab.client, "http-a")] == [info.build_id]
        images.remove(lab.client, "http-a")
        assert lab.client.images.get("d2t-test:mine")
    finally:
        made.remove(force=True)
        lab.client.images.remove("d2t-test:mine", force=True)


# d2t shell


def shell(*args: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", MAIN, "shell", *args]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


def test_a_shell_sees_what_a_sandbox_user_sees(server, lab):
    template = (
        Template()
        .from_image(IMAGE)
        .set_envs({"HIDDEN": "yes"})
        .set_user("app")
        .set_workdir("/srv/app")
        .run_cmd("echo export SHOWN=yes >/etc/profile.d/x.sh", user="root")
        .set_start_cmd("echo $HIDDEN >/tmp/up; sleep 50", wait_for_file("/tmp/up"))
    )
    Template.build(template, alias="http-a")
    done = shell("http-a", "--", "id -un; pwd; echo [$HIDDEN] [$SHOWN]; cat /tmp/up; echo err >&2; exit 4")
    assert done.stdout.splitlines() == ["app", "/srv/app", "[] [yes]", "yes"]
    assert (done.stderr, done.returncode) == ("err\n", 4)
    assert shell("http-a", "printf", "%s|", "a b", "$HOME").stdout == "a b|$HOME|"


def test_the_newest_successful_build_counts(server, lab):
    for step in ("echo 1 >/n", "echo 2 >/n", "exit 1"):
        try:
            Template.build(Template().from_image(IMAGE).run_cmd(step), alias="http-a")
        except BuildException:
            assert step == "exit 1"
    assert shell("http-a", "cat", "/n").stdout == "2\n"


def test_a_shell_without_a_build(engine):
    done = shell("no-such-template", "true")
    assert done.returncode == 2
    assert done.stderr.startswith("error: no successful local build of 'no-such-template'")


def test_a_shell_without_a_terminal(engine):
    done = shell("http-a")
    assert done.returncode == 2
    assert "standard input is no terminal" in done.stderr


def test_an_interactive_shell(server, lab):
    import pty

    Template.build(Template().from_image(IMAGE).set_user("app"), alias="http-a")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", MAIN, "shell", "http-a"])
    seen = b""
    os.write(terminal, b"tty; whoami; stty size; exit 5\n")
    try:
        while select.select([terminal], [], [], 30)[0] and (chunk := os.read(terminal, 4096)):
            seen += chunk
    except OSError:  # the terminal's other side was closed
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
    assert b"/dev/pts/" in seen
    assert b"\r\napp\r\n" in seen


def test_ctrl_c_ends_serve_and_its_builds(engine, lab, tmp_path):
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    argv = [sys.executable, "-c", MAIN, "serve", "--engine", "docker", "--provider", "e2b"]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url, key = (process.stdout.readline().strip().partition("=")[2] for _ in range(2))
        assert "Docker" in process.stderr.readline()
        os.environ["E2B_API_URL"] = url
        try:
            info = Template.build_in_background(
                Template().from_image(IMAGE).run_cmd("echo begun; sleep 50"), alias="http-a", api_key=key
            )
            while not any(
                entry.message.endswith("[stdout]: begun")
                for entry in Template.get_build_status(info, logs_offset=0, api_key=key).log_entries
            ):
                pass
        finally:
            del os.environ["E2B_API_URL"]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=40)
    assert process.returncode == 0
    owners = [
        each.labels["d2t.owner"]
        for each in lab.client.containers.list(filters={"label": "d2t.owner"}, ignore_removed=True)
    ]
    assert not [owner for owner in owners if f":{process.pid}:" in owner]
