"""What a step leaves for the next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Context:
    """What the next step, or the start command, runs with (e2b-dev/infra, template/metadata)."""

    user: str = "root"
    workdir: str = ""  # "": the user's home
    env: Mapping[str, str] = field(default_factory=dict)
