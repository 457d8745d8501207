"""What the formats are given."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from d2t.diagnostics import Diagnostic

MIN_WIDTH = 40  # below that no excerpt can be read


class Report(NamedTuple):
    """What was found in one file."""

    path: str  # as the user gave it
    text: str  # the Dockerfile; "" when it could not be read
    diagnostics: tuple[Diagnostic, ...]


class RuleInfo(Protocol):
    """What the formats show of a rule."""

    @property
    def name(self) -> str: ...  # "copy-not-supported"

    @property
    def summary(self) -> str: ...  # one sentence

    @property
    def page(self) -> str: ...  # what it means and why, in Markdown


class Options(NamedTuple):
    """How to render. A format takes from it what applies to it."""

    color: bool = False
    width: int = 80
    rules: Mapping[str, RuleInfo] = MappingProxyType({})
