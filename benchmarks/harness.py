"""Measuring and printing, shared by the benchmarks."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
# What is measured is the project around this file, whether or not another copy is installed.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
ENVIRONMENT.pop(
    "PYTHONDONTWRITEBYTECODE", None
)  # an installed package is compiled: the first run, which is not counted, does that
PYTHON = [sys.executable, "-c", "pass"]
CLICK = [sys.executable, "-c", "import click"]


def d2t() -> list[str]:
    """The command of this environment: the console script where it is installed."""
    script = Path(sys.executable).with_name("d2t")
    return [str(script)] if script.exists() else [sys.executable, "-m", "d2t"]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, with its aim where there is one."""

    what: str
    figure: str
    aim: str = ""
    met: bool | None = None


def ratio(what: str, value: float, base: float, aim: float, *, figure: str, than: str, least: bool = False) -> Row:
    """A row whose aim is at most (`least`: at least) `aim` times what `base` is."""
    times = value / base
    sign = "≥" if least else "≤"
    met = times >= aim if least else times <= aim
    return Row(what, f"{figure} ({times:.2f}×)", f"{sign} {aim:g}× {than}", met)


def table(title: str, rows: Sequence[Row]) -> str:
    """Rows as a Markdown table."""
    lines = [f"| {title} | figure | aim | met |", "|---|---|---|---|"]
    for row in rows:
        lines.append(
            f"| {row.what} | {row.figure} | {row.aim} | {'' if row.met is None else 'yes' if row.met else 'NO'} |"
        )
    return "\n".join(lines)


def machine() -> str:
    """What the figures depend on, in one line."""
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"


def interleaved(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, float]:
    """The median seconds of each command, run in turns so that a busy moment of the machine hits all alike.

    One round before fills the caches and is not counted. Raises RuntimeError for a command that fails.
    """
    times: dict[str, list[float]] = {name: [] for name in commands}
    for count in range(runs + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            done = subprocess.run(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT, env=ENVIRONMENT, check=False
            )
            seconds = time.perf_counter() - start
            if done.returncode:
                raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
            if count:
                times[name].append(seconds)
    return {name: statistics.median(values) for name, values in times.items()}


def workers(script: str, tasks: Sequence[str], rounds: int) -> dict[str, dict[str, Any]]:
    """Run `script TASK` in a process of its own, in turns; of each task the result of its fastest round.

    A worker prints one JSON object with at least `seconds`.
    """
    best: dict[str, dict[str, Any]] = {}
    for _ in range(rounds):
        for task in tasks:
            command = [sys.executable, str(HERE / script), task]
            output = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT, env=ENVIRONMENT).stdout
            result: dict[str, Any] = json.loads(output.splitlines()[-1])
            if task not in best or result["seconds"] < best[task]["seconds"]:
                best[task] = result
    return best


def peak_mib() -> float | None:
    """The most memory that this process has had resident, in MiB; None where the system does not say."""
    try:
        # not ru_maxrss, which a child inherits from the process that started it
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        pass
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def mib(value: float | None) -> str:
    """A memory figure as text."""
    return "not known" if value is None else f"{value:.0f} MiB"
