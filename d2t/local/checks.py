"""When the service refuses a request or fails a build. Each function raises `Refused` or returns what it has read."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from d2t.local import refusals
from d2t.local.store import DEFAULT_TAG, NAMESPACE
from d2t.plan.reference import InvalidReference, normalize
from d2t.providers import Provider

CPU_RANGE = (1, 32)  # e2b-dev/infra, packages/api/internal/constants/templates.go
LEAST_MEMORY_MB = 128  # the same
STEP_TYPES = {
    "RUN": "run",
    "ENV": "env",
    "ARG": "env",
    "WORKDIR": "workdir",
    "USER": "user",
    "COPY": "copy",
    "ADD": "copy",
}
"""What the service takes a step's type for, in any case (e2b-dev/infra, commands/executor.go)."""


def template_name(text: str, provider: Provider) -> tuple[str, str]:
    """A template's name without its namespace, and the tag ("" for none), trimmed and in lower case."""
    identifier, colon, tag = text.strip().partition(":")
    namespace, slash, name = identifier.rpartition("/")
    if slash and _clean(namespace, provider["names.pattern"]) != NAMESPACE:
        raise refusals.BAD_NAME(name=text, problem=f"the namespace is {NAMESPACE!r} or left out")
    cleaned = _clean(name, provider["names.pattern"])
    if cleaned is None:
        raise refusals.BAD_NAME(name=text, problem=f"it must match {provider['names.pattern']}")
    return cleaned, template_tag(tag, provider) if colon else ""


def template_tag(text: str, provider: Provider) -> str:
    """A tag, trimmed and in lower case."""
    cleaned = _clean(text, provider["names.tag_pattern"])
    if cleaned is None or _is_uuid(cleaned):
        raise refusals.BAD_TAG(tag=text)
    return cleaned


def template_tags(tag: str, tags: Sequence[str], provider: Provider) -> tuple[str, ...]:
    """All tags of a build, each once; the default one when there are none."""
    every = [tag, *tags] if tag else tags
    return tuple(dict.fromkeys(template_tag(each, provider) for each in every)) or (DEFAULT_TAG,)


def build_id(text: str) -> str:
    if not _is_uuid(text):
        raise refusals.BAD_BUILD_ID(build=text)
    return str(uuid.UUID(text))


def files_hash(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise refusals.BAD_HASH(hash=text)
    return text


def resources(cpu_count: int | None, memory_mb: int | None, provider: Provider) -> tuple[int, int]:
    """The CPUs and the memory in MiB that a template gets, the provider's defaults where they are not given."""
    cpu = provider["resources.cpu_count"] if cpu_count is None else int(cpu_count)
    memory = provider["resources.memory_mb"] if memory_mb is None else int(memory_mb)
    table: Mapping[str, Sequence[int]] = provider["resources.memory_of_cpu"]
    if table:
        if str(cpu) not in table:
            raise refusals.BAD_CPU(problem=f"CPU count must be one of {', '.join(table)}, not {cpu}")
        if memory not in table[str(cpu)]:
            allowed = ", ".join(map(str, table[str(cpu)]))
            raise refusals.BAD_MEMORY(problem=f"memory with {cpu} CPUs must be one of {allowed} MiB, not {memory}")
        return cpu, memory
    least, most = CPU_RANGE
    if not least <= cpu <= most:
        raise refusals.BAD_CPU(problem=f"CPU count must be between {least} and {most}")
    if cpu != 1 and cpu % 2:
        raise refusals.BAD_CPU(problem="CPU count must be 1 or an even number")
    if memory < LEAST_MEMORY_MB:
        raise refusals.BAD_MEMORY(problem=f"memory must be at least {LEAST_MEMORY_MB} MiB")
    if memory % 2:
        raise refusals.BAD_MEMORY(problem="memory must be divisible by 2")
    return cpu, memory


def body_of_start(body: Mapping[str, Any], provider: Provider) -> None:
    """What is refused before a build begins."""
    has_template = bool(body.get("fromTemplate"))
    if has_template and "fromImage" in body:
        raise refusals.TWO_SOURCES()
    if not has_template and not body.get("fromImage"):
        raise refusals.NO_SOURCE()
    if has_template and not provider["api.from_template"]:
        raise refusals.NO_FROM_TEMPLATE(title=provider.title)
    registry = body.get("fromImageRegistry")
    if registry and registry["type"] not in provider["api.registries"]:
        raise refusals.NO_REGISTRY(title=provider.title, type=registry["type"])
    steps = body.get("steps", ())
    if steps and not provider["api.steps"]:
        raise refusals.NO_STEPS()
    for step in steps:
        if STEP_TYPES.get(step["type"].upper()) == "copy":
            copying(provider, step["type"].upper())


def copying(provider: Provider, type_: str = "COPY") -> None:
    """Whether files of the build context can be sent at all."""
    if not provider["instructions.copy"]:
        raise refusals.NO_COPY(title=provider.title, type=type_)


def image(reference: str, provider: Provider) -> None:
    """What fails a build at its base, as far as the image's name tells."""
    try:
        name = normalize(reference)
    except InvalidReference:
        raise refusals.BAD_IMAGE(step="base", image=reference) from None
    name = name.partition("@")[0].rpartition(":")[0] or name
    short = name.removeprefix("docker.io/").removeprefix("library/")
    for key, problem in (
        ("base.windows_images", "the service runs Linux"),
        ("base.refused_images", "its distribution is not supported"),
    ):
        if any(fnmatchcase(name, pattern) or fnmatchcase(short, pattern) for pattern in provider[key]):
            raise refusals.REFUSED_IMAGE(step="base", image=reference, problem=problem)


def step(number: int, step: Mapping[str, Any], uploaded: Collection[str]) -> str:
    """What kind of step this is: a value of STEP_TYPES. Raises Refused where the build fails before anything runs."""
    type_, args = step["type"].upper(), step.get("args", ())
    kind, name = STEP_TYPES.get(type_), str(number)
    if kind is None:
        raise refusals.UNKNOWN_STEP(step=name, type=type_)
    least = 2 if kind == "copy" else 1
    if len(args) < least:
        problem = "requires a local path and a container path" if kind == "copy" else "requires an argument"
        raise refusals.BAD_ARGUMENTS(step=name, type=type_, problem=problem)
    if kind == "env" and len(args) % 2:
        raise refusals.BAD_ARGUMENTS(step=name, type=type_, problem="requires both a key and a value")
    if kind == "copy":
        if not step.get("filesHash"):
            raise refusals.BAD_ARGUMENTS(step=name, type=type_, problem="requires the hash of its files")
        if step["filesHash"] not in uploaded:
            raise refusals.NO_FILES(step=name, hash=step["filesHash"])
    return kind


def _clean(text: str, pattern: str) -> str | None:
    cleaned = text.strip().lower()
    return cleaned if re.fullmatch(pattern.removeprefix("^").removesuffix("$"), cleaned) else None


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
