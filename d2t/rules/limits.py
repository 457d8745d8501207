"""5xx: names, resources, quotas, and a build that failed."""

from __future__ import annotations

from collections.abc import Sequence

from d2t.diagnostics import Severity
from d2t.providers import Provider
from d2t.rules.registry import rule

_NAMES = "e2b-dev/infra, shared/pkg/id"
_FACTS = "the provider's facts: d2t/providers/*.toml"


@rule("D2T501", "name-invalid", Severity.ERROR, source=_NAMES, example="# d2t: name=My.App\nFROM debian:12")
def name_invalid(provider: Provider, name: str, why: str, better: str) -> tuple[str, str]:
    """The template's name is one that the service refuses.

    A name holds lower-case letters, digits, `-` and `_`. A tag may follow behind a colon, in which `.` is also allowed.
    """
    return f"{name!r} cannot be the name of a template: {why}", f"use {better}" if better else ""


@rule(
    "D2T502",
    "name-missing",
    Severity.ERROR,
    source="E2B API, POST /v3/templates: name is required",
    no_example="`d2t build` says it: other commands need no name",
)
def name_missing() -> tuple[str, str]:
    """A build needs the name of the template that it makes, or makes anew."""
    return "the template has no name", "give --name NAME, write # d2t: name=NAME, or set `name` in d2t.toml"


@rule(
    "D2T503",
    "resources-not-offered",
    Severity.ERROR,
    source=_FACTS,
    example="# d2t: name=app cpu=2 memory=16384\nFROM debian:12",
)
def resources_not_offered(provider: Provider, cpu: int, memory: int, offered: str) -> tuple[str, str]:
    """The provider does not offer sandboxes with this number of CPUs and this much memory.

    What is not asked for has the provider's default, and counts as well.
    """
    return f"{provider.title} does not offer {_cpus(cpu)} with {memory} MiB of memory", offered


@rule("D2T504", "quota-reached", Severity.ERROR, source=_FACTS, no_example="the service says it when it builds")
def quota_reached(provider: Provider, said: str, documented: Sequence[str]) -> tuple[str, str]:
    """The service refuses another template or another build: a quota is used up.

    Wait for a build to end, delete a template that is not needed, or ask the provider for more.
    """
    known = f" ({provider.title} allows {', '.join(documented)})" if documented else ""
    return (
        f"{provider.title} refuses the build: {said}",
        f"wait for a build to end, or delete a template{known}",
    )


@rule(
    "D2T505",
    "step-failed",
    Severity.ERROR,
    source="E2B API, GET /templates/{id}/builds/{id}/status: reason.step",
    no_example="the service says it when it builds",
)
def step_failed(provider: Provider, what: str, said: str) -> str:
    """The service ran the template, and this part of it failed."""
    return f"{what} failed on {provider.title}: {said}"


def _cpus(number: int) -> str:
    return f"{number} CPU{'s' if number != 1 else ''}"
