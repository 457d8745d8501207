"""Start-up, files per second and memory of d2t: `python benchmarks/run.py` prints a Markdown table.

Needs the run-time packages only. All figures of a run come from one machine, measured in turns.
"""

from __future__ import annotations

import argparse
import statistics

from corpus import corpus
from harness import CLICK, PYTHON, ROOT, Row, d2t, interleaved, machine, mib, ratio, table, workers

DOCKERFILE = ROOT / "fixtures" / "dockerfiles" / "latex" / "Dockerfile"  # 33 lines; every provider takes it


def sizes() -> str:
    """What the corpus is, in one line."""
    texts = corpus()
    lines = statistics.quantiles((text.count("\n") for text in texts), n=20)
    return f"{len(texts):,} generated Dockerfiles, median {lines[9]:.0f} lines, 95th percentile {lines[18]:.0f}"


def start_up(runs: int) -> list[Row]:
    """How long a command takes that does next to nothing."""
    name = str(DOCKERFILE.relative_to(ROOT))
    commands = {
        "`python -c pass`": PYTHON,
        "`python -c 'import click'`": CLICK,
        "`d2t --version`": [*d2t(), "--version"],
        "`d2t plan Dockerfile`": [*d2t(), "plan", name],
        "`d2t emit Dockerfile`": [*d2t(), "emit", name],
    }
    aims = {"`d2t --version`": 1.3, "`d2t plan Dockerfile`": 2.0}
    seconds = interleaved(commands, runs)
    click = seconds["`python -c 'import click'`"]
    rows = []
    for what, value in seconds.items():
        figure = f"{value * 1000:.0f} ms"
        if what in aims:
            rows.append(ratio(what, value, click, aims[what], figure=figure, than="`import click`"))
        else:
            rows.append(Row(what, figure if value <= click else f"{figure} ({value / click:.2f}×)"))
    return rows


def throughput(rounds: int) -> list[Row]:
    """Files per second in one process, and what it takes of memory."""
    done = workers("work.py", ("sdk", "plan", "emit", "nothing"), rounds)
    sdk = done["sdk"]
    base = sdk["accepted"] / sdk["seconds_accepted"]
    rows = [Row(f"SDK `from_dockerfile`, the {sdk['accepted']} files that it accepts", f"{base:,.0f} files/s")]
    for name, what in (("plan", "plan"), ("emit", "emit Python for E2B")):
        result = done[name]
        # the slower of the two: refusals, which are cheap, must not make up for what is translated
        speed = min(result["files"] / result["seconds"], result["accepted"] / result["seconds_accepted"])
        label = f"d2t {what}, {result['files']} files, {result['accepted']} of them without an error"
        figure = f"{speed:,.0f} files/s"
        rows.append(ratio(label, speed, base, 1, figure=figure, than="the SDK", least=True))
    rows.extend(
        Row(f"peak memory, {what}", mib(done[name]["peak_mib"]))
        for name, what in (
            ("plan", "d2t plan"),
            ("emit", "d2t emit"),
            ("sdk", "SDK"),
            ("nothing", "Python with the texts alone"),
        )
    )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21, help="runs of each command; the median counts (default: 21)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds over the files; the fastest counts (default: 3)")
    options = parser.parse_args()
    print(f"{machine()}; {sizes()}.\n")
    print(table("Start-up", start_up(options.runs)), end="\n\n")
    print(table("One process", throughput(options.rounds)))


if __name__ == "__main__":
    main()
