"""What a template cannot do: reach the machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest
from building import IMAGE, Lab

from d2t.local import container
from d2t.local.container import Sandbox, UnsafeEngine
from d2t.local.engine import Engine
from d2t.local.execute import EngineError


@pytest.fixture
def lab(engine, tmp_path):
    with_images = Lab(engine, tmp_path)
    yield with_images
    with_images.close()


@pytest.fixture
def canary(tmp_path):
    """A tree whose every file a hostile template would change, and its picture."""
    root = tmp_path / "canary"
    for name in ("a.txt", "d/b.txt", "d/e/c.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "link").symlink_to("d")
    return root


def picture(root: Path) -> dict[str, tuple[int, int, int, bytes]]:
    files = {}
    for path in sorted(root.rglob("*")):
        state = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        files[str(path)] = (state.st_mode, state.st_uid, state.st_mtime_ns, content)
    return files


def link(name: str, target: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    return entry


def test_the_machine_is_untouched(lab, canary):
    """Links to the root, a hostile working directory, and the deletions that go with them."""
    before = picture(canary)
    escape = "/".join([".."] * 20) + str(canary)
    attempts = [
        [("RUN", f"rm -rf {canary} {canary}/* /tmp/* /tmp/.[!.]*")],
        [("RUN", f"rm -rf /tmp; ln -s {canary} /tmp; ls /tmp/ || true")],
        [("RUN", f"mkdir -p {canary.parent}; ln -s / {canary.parent}/x; rm -rf /tmp/*; ln -s / /tmp/root; rm -rf /tmp/root/tmp/*")],
        [("RUN", "ln -s / /escape"), ("WORKDIR", f"/escape{canary}"), ("RUN", "touch x; rm -rf ../canary/*; rm -rf /escape/tmp/*")],
        [("WORKDIR", escape), ("RUN", "rm -rf ./* ; touch made")],
        [("WORKDIR", f"/proc/1/root{canary}"), ("RUN", "rm -rf ./*")],
        [("USER", f"$(rm -rf {canary})"), ("RUN", "true")],
        [("ENV", "A", f"$(rm -rf {canary})`rm -rf {canary}`"), ("RUN", "true")],
        [("COPY", "l", str(canary), "", "", lab.context({"l": link("l", "/")})), ("RUN", f"rm -rf {canary}/tmp/*")],
        [("RUN", f"mkdir -p {canary.parent}"), ("COPY", "d", "/", "", "0777", lab.context({"d": None, "d/tmp": link("d/tmp", str(canary))}))],
        [("COPY", "d", "/t", "", "", lab.context({"d": None, escape: "evil", f"d/{escape}": "evil"}))],
        [("RUN", f"mkdir -p {canary.parent}; rm -rf /home/user /usr/local /code; ln -s {canary} /home/user; ln -s {canary} /code; ln -s {canary} /usr/local")],
        [("RUN", f"rm -rf /run /dev/shm; ln -s {canary} /run || true")],
        [("RUN", f"mount --bind / /mnt && rm -rf /mnt{canary}; rm -rf /proc/1/root{canary} /proc/self/root{canary}; true")],
    ]  # fmt: skip
    for attempt in attempts:
        lab.build(*attempt, startCmd=f"rm -rf {canary}; sleep 50", readyCmd=f"rm -rf {canary}/*")
        assert picture(canary) == before, attempt


def test_an_engine_whose_containers_see_the_machine_is_refused(lab, monkeypatch):
    """Stood for by a canary that every container has."""

    class Found:
        name = "/etc/passwd"

        def __init__(self, **_: object) -> None: ...
        def __enter__(self):
            return self

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(container.tempfile, "NamedTemporaryFile", Found)
    with pytest.raises(EngineError, match="is not used: its containers see the machine's files: /etc/passwd"):
        lab.build(("RUN", "true"))


def test_a_process_that_joins_must_be_in_the_container(lab, engine, monkeypatch):
    """An engine may run the first process in the container and later ones elsewhere: those would lack our pipes."""
    monkeypatch.setattr(container, "PIPES", "/dev/.d2t")
    real = Sandbox.call

    def call(self, script, *args, **kwargs):
        return real(self, "true" if "mkfifo" in script else script, *args, **kwargs)

    monkeypatch.setattr(Sandbox, "call", call)
    with (
        pytest.raises(UnsafeEngine, match="joins a container"),
        Sandbox(lab.client, IMAGE, engine.owner, engine.network, threading.Event()),
    ):
        pass


def test_containers_have_no_mounts_and_no_privileges(lab, engine):
    with Sandbox(lab.client, IMAGE, engine.owner, engine.network, threading.Event()) as sandbox:
        attrs = lab.client.containers.get(sandbox.docker.id).attrs
        assert attrs["Mounts"] == []
        assert attrs["HostConfig"]["Privileged"] is False
        assert not attrs["HostConfig"]["CapAdd"]
        assert attrs["HostConfig"]["PidMode"] == ""


KILLED = """
import sys
sys.path[:0] = {path!r}
from d2t import providers
from d2t.local.engine import find
from d2t.local.execute import execute
engine = find()
print(engine.owner, flush=True)
def log(entry):
    if entry.message.endswith("[stdout]: begun"):
        print("begun", flush=True)
steps = [{{"type": "RUN", "args": ["echo begun; sleep 300"]}}]
try:
    execute({{"fromImage": {image!r}, "steps": steps}}, provider=providers.load("e2b"), engine=engine, log=log)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_no_container_is_left_when_the_process_ends(lab, engine, end):
    program = KILLED.format(path=sys.path, image=IMAGE)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        owner = process.stdout.readline().strip()
        assert process.stdout.readline() == "begun\n"
        process.send_signal(end)
        out, _ = process.communicate(timeout=30)
    assert ("interrupted" in out) == (end is signal.SIGINT)
    if end is signal.SIGKILL:  # the next user of the engine removes it
        Engine(engine.url, engine.version, engine.network).remove_containers()
    filters = {"label": f"d2t.owner={owner}"}
    left = lab.client.containers.list(all=True, filters=filters, ignore_removed=True)
    assert [each.id for each in left if each.status != "removing"] == []


def test_containers_of_living_processes_are_left_alone(lab, engine):
    with Sandbox(
        lab.client, IMAGE, f"{os.uname().nodename}:{os.getpid()}:other", engine.network, threading.Event()
    ) as sandbox:
        Engine(engine.url, engine.version, engine.network).remove_containers()
        assert sandbox.call("echo there").stdout == b"there\n"
