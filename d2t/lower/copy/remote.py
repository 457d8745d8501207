"""ADD of a URL: fetched by a command, with Docker's name, mode and owner."""

from __future__ import annotations

import re
import shlex

from d2t.lower.copy import owner, place
from d2t.lower.copy.document import target
from d2t.lower.state import Lowering
from d2t.plan.build import CopySource, CopyStep
from d2t.plan.copying import url_name
from d2t.plan.paths import clean
from d2t.rules import support

_MODE = 0o600  # Dockerfile reference, ADD: what it fetches has mode 600
_SUMS = {"sha256": ("sha256sum", 64), "sha384": ("sha384sum", 96), "sha512": ("sha512sum", 128)}


def fetch(state: Lowering, step: CopyStep, source: CopySource) -> None:
    """Translate one URL."""
    if step.unpack:
        what, help = "ADD --unpack of a URL is not supported", "use RUN curl -fsSL URL | tar -x"
        state.report(support.copy_not_exact((step.origin, "--unpack"), what, help))
        return
    algorithm, _, digest = step.checksum.partition(":")
    tool, length = _SUMS.get(algorithm, ("", 0))
    if step.checksum and not (tool and re.fullmatch(rf"[0-9a-f]{{{length}}}", digest)):
        message = f"--checksum={step.checksum} is no digest that Docker takes"
        state.report(support.copy_not_exact((step.origin, "--checksum"), message, "use sha256: and 64 hex digits"))
        return
    path, inside = target(state, step, url_name(source.text))
    owner.ensure(state, step)
    owner.make_parents(state, step, clean(f"{path}/.."))
    exists = place.may_exist(state, step, path)
    curl = ["curl", "-fsSL", *(["-g"] if re.search(r"[][{}]", source.text) else []), "-o", path, source.text]
    commands = [["rm", "-f", path]] if inside and exists else []
    commands.append(curl)
    tail = []
    if not owner.is_root(step) or (exists and not inside):
        tail.append(["chown", owner.word(step), path])
    tail.append(["chmod", f"{owner.mode(step, _MODE):o}", path])
    check = [f"echo {shlex.quote(f'{digest}  {path}')} | {tool} -c -"] if step.checksum else []
    lines = [*map(shlex.join, commands), *check, *map(shlex.join, tail)]
    before = place.make_folder(state, step, path) if owner.is_root(step) else ""
    state.run_as_root(before + " && ".join(lines), step.origin, "ADD of a URL")
