"""One task over the corpus in one process: `python benchmarks/work.py TASK` prints a JSON object.

Imports, the corpus and one small file come before the clock starts; each file of the corpus is new to the process.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable

from corpus import SOURCES, corpus
from harness import peak_mib

WARM_UP = "FROM debian:12\nENV A=b\nRUN echo $A\nUSER nobody\nWORKDIR /srv\nCMD sleep 1\n"
Task = Callable[[str], bool]


def nothing() -> Task:
    """The corpus alone: what the memory of the others starts from."""
    return lambda text: True


def plan() -> Task:
    """`d2t.plan` of a text; true when it is a plan."""
    from d2t.api import plan

    return lambda text: plan(text).plan is not None


def emit() -> Task:
    """Text to Python for E2B; true when there is a template to emit."""
    from d2t.api import transpile
    from d2t.emit import emit
    from d2t.lower.options import Context, Entry

    files = {name.rstrip("/"): Entry("dir" if name.endswith("/") else "file") for name in SOURCES}
    context = Context(".", files)

    def task(text: str) -> bool:
        template = transpile(text, provider="e2b", context=context).template
        return template is not None and bool(emit(template, "python"))

    return task


def sdk() -> Task:
    """The SDK's own translation; true when it accepts the text."""
    from e2b import Template
    from e2b.exceptions import SandboxException
    from e2b_dockerfile_utils import DockerfileSyntaxError

    def task(text: str) -> bool:
        try:
            Template().from_dockerfile(text)
        except (DockerfileSyntaxError, SandboxException, ValueError):
            return False
        return True

    return task


TASKS = {"nothing": nothing, "plan": plan, "emit": emit, "sdk": sdk}


def main(name: str) -> None:
    task, files = TASKS[name](), corpus()
    seconds, accepted, seconds_accepted = 0.0, 0, 0.0
    with open(os.devnull, "w", encoding="utf-8") as sink, contextlib.redirect_stdout(sink):  # the SDK prints
        task(WARM_UP)
        for text in files:
            start = time.perf_counter()
            done = task(text)
            took = time.perf_counter() - start
            seconds += took
            if done:  # a refusal is cheap and would flatter the figure
                accepted += 1
                seconds_accepted += took
    result = {
        "files": len(files),
        "seconds": seconds,
        "accepted": accepted,
        "seconds_accepted": seconds_accepted,
        "peak_mib": peak_mib(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
