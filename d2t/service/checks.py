"""What can be known to be refused before anything is sent: names and resources. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from d2t.diagnostics import Diagnostic
from d2t.providers import Provider
from d2t.rules import limits
from d2t.template import Template


def check(template: Template, provider: Provider) -> tuple[Diagnostic, ...]:
    """Why the provider would refuse to begin this build; nothing when it would not."""
    return (*check_name(template.name, provider), *check_resources(template, provider))


def check_name(name: str, provider: Provider) -> Iterator[Diagnostic]:
    """Whether this can be a template's name, with an optional `:tag`."""
    if not name:
        yield limits.name_missing(None)
        return
    alias, sign, tag = name.partition(":")
    longest = provider["names.max_length"]
    allowed = "lower-case letters, digits, - and _"
    if not re.fullmatch(provider["names.pattern"], alias):
        why = f"it may hold {allowed}" if alias else "there is nothing before the colon"
    elif sign and not re.fullmatch(provider["names.tag_pattern"], tag):
        why = f"its tag may hold {allowed.replace(' and _', ', _ and .')}" if tag else "its tag is empty"
    elif len(alias) > longest:
        why = f"it has {len(alias)} characters, at most {longest} are allowed"
    else:
        return
    yield limits.name_invalid(None, provider, name, why, _better(name, provider))


def _better(name: str, provider: Provider) -> str:
    """The nearest name that is allowed, "" for none."""
    alias, sign, tag = name.lower().partition(":")
    alias = re.sub(r"[^a-z0-9_]+", "-", alias).strip("-")[: provider["names.max_length"]]
    tag = re.sub(r"[^a-z0-9_.]+", "-", tag).strip("-")
    return f"{alias}:{tag}" if alias and sign and tag else alias


def resources(template: Template, provider: Provider) -> tuple[int, int]:
    """The CPUs and MiB to ask for: the template's, else the provider's defaults."""
    return (
        template.cpu_count or provider["resources.cpu_count"],
        template.memory_mb or provider["resources.memory_mb"],
    )


def check_resources(template: Template, provider: Provider) -> Iterator[Diagnostic]:
    """Whether the provider offers the template's CPUs together with its memory."""
    cpu, memory = resources(template, provider)
    offered = {int(number): tuple(sizes) for number, sizes in provider["resources.memory_of_cpu"].items()}
    if not offered or memory in offered.get(cpu, ()):
        return
    if cpu not in offered:
        help = f"it offers {_or(offered)} CPUs"
    else:
        help = f"with --cpu {cpu} it offers --memory {_or(offered[cpu])}"
        if enough := [number for number in offered if memory in offered[number]]:
            help += f"; {memory} MiB with --cpu {_or(enough)}"
    yield limits.resources_not_offered(None, provider, cpu, memory, help)


def quota_reached(provider: Provider, said: str) -> Diagnostic:
    """The service's refusal because of a quota, with the quotas that the provider documents."""
    words = {
        "templates": "{} templates for each user",
        "builds_of_template": "{} build at a time for each template",
        "builds": "{} builds at a time for each user",
    }
    known = [text.format(number) for key, text in words.items() if (number := provider[f"quotas.{key}"])]
    return limits.quota_reached(None, provider, said, known)


def _or(numbers: object) -> str:
    *others, last = (str(number) for number in numbers)  # type: ignore[attr-defined]
    return f"{', '.join(others)} or {last}" if others else last
