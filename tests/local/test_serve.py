"""`d2t serve` as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

MAIN = "from d2t.cli import main; main()"


def command(*args: str) -> list[str]:
    return [sys.executable, "-c", MAIN, "serve", *args]


@pytest.fixture
def env(tmp_path):
    return {**os.environ, "XDG_STATE_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_what_to_export_and_ends_cleanly(env, end):
    args = command("--engine", "none", "--provider", "e2b")
    with subprocess.Popen(args, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url, key = (process.stdout.readline().strip() for _ in range(2))
        assert url.startswith("export E2B_API_URL=http://127.0.0.1:")
        assert key.startswith("export E2B_API_KEY=e2b_")
        process.stderr.readline(), process.stderr.readline()
        with urllib.request.urlopen(url.partition("=")[2] + "/health") as answer:
            assert answer.status == 200
        process.send_signal(end)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out == ""
    assert err == "ended\n"


def test_a_taken_port(env):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        args = command("--engine", "none", "--port", str(port))
        done = subprocess.run(args, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == f"error: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize("package", ["uvicorn", "starlette", "jsonschema"])
def test_a_missing_package(env, package):
    main = f"import sys; sys.modules[{package!r}] = None; {MAIN}"
    done = subprocess.run(
        [sys.executable, "-c", main, "serve", "--engine", "none"], env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "pip install 'd2t[local]'" in done.stderr


def test_an_unknown_provider(env):
    done = subprocess.run(command("--provider", "x"), env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "there is no provider 'x'" in done.stderr
