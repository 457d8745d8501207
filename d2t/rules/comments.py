"""5xx: what `# d2t:` comments and options ask for, checked against what the provider offers and what the file has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from d2t.diagnostics import Diagnostic, Severity, Span
from d2t.dockerfile import instructions as ins
from d2t.dockerfile.hints import Hint
from d2t.patterns import deferred
from d2t.plan.build import BuildPlan
from d2t.providers import Provider
from d2t.rules import limits
from d2t.rules.registry import Context, check, rule

# BuildKit passes these on although no ARG names them: frontend/dockerfile/dockerfile2llb, defaultArgs and the proxies
_PREDEFINED = deferred(
    r"(?i:https?_proxy|ftp_proxy|no_proxy|all_proxy)|BUILDKIT_\w+|SOURCE_DATE_EPOCH|(?:BUILD|TARGET)"
    r"(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT|STAGE)"
)


@rule(
    "D2T506",
    "unused-ignore",
    Severity.INFO,
    source="d2t's own comments",
    example="FROM debian:12\n# d2t: ignore=D2T201\nRUN make",
)
def unused_ignore(code: str, known: bool, top: bool) -> tuple[str, str]:
    """A comment `# d2t: ignore=CODE` hides nothing: the finding is not there, on none of the providers, or the code is none.

    Above the first instruction the comment counts for the whole file, elsewhere for the instruction below it.
    """
    if not known:
        return f"ignore={code} hides nothing: there is no rule {code}", "`d2t rule --all` lists the codes"
    place = "in this file" if top else "in the instruction below"
    return f"ignore={code} hides nothing: {code} is not found {place}", "remove the code"


@rule(
    "D2T507",
    "build-arg-unused",
    Severity.INFO,
    source="BuildKit: `One or more build-args were not consumed`",
    no_example="it takes `--build-arg NAME=VALUE` with a NAME that no ARG of the file has",
    whole=True,
)
def build_arg_unused(name: str) -> tuple[str, str]:
    """The build argument changes nothing: no `ARG` of the file has its name."""
    return f"--build-arg {name} changes nothing: no ARG has this name", "add ARG to the stage that needs it"


def wrong_name(provider: Provider, name: str) -> tuple[str, str] | None:
    """Why a service refuses the name of a template (with an optional `:tag`), and the nearest that it takes ("": none)."""
    alias, sign, tag = name.partition(":")
    longest = provider["names.max_length"]
    allowed = "lower-case letters, digits, - and _"
    if not re.fullmatch(provider["names.pattern"], alias):
        why = f"it may hold {allowed}" if alias else "there is nothing before the colon"
    elif sign and not re.fullmatch(provider["names.tag_pattern"], tag):
        why = "its tag may hold lower-case letters, digits, -, _ and ." if tag else "its tag is empty"
    elif len(alias) > longest:
        why = f"it has {len(alias)} characters, at most {longest} are allowed"
    else:
        return None
    alias = re.sub(r"[^a-z0-9_]+", "-", alias.lower()).strip("-")[:longest]
    tag = re.sub(r"[^a-z0-9_.]+", "-", tag.lower()).strip("-")
    return why, f"{alias}:{tag}" if alias and tag else alias


def wrong_resources(provider: Provider, cpu: int, memory: int) -> str:
    """What the provider offers instead of these CPUs with this memory (MiB); "" when it offers just that."""
    offered = {int(number): tuple(sizes) for number, sizes in provider["resources.memory_of_cpu"].items()}
    if not offered or memory in offered.get(cpu, ()):
        return ""
    if cpu not in offered:
        return f"it offers {_or(offered)} CPUs"
    text = f"with {cpu} CPUs it offers {_or(offered[cpu])} MiB"
    if enough := [number for number in offered if memory in offered[number]]:
        text += f"; {memory} MiB with {_or(enough)} CPUs"
    return text


def _or(numbers: object) -> str:
    *others, last = (str(number) for number in numbers)  # type: ignore[attr-defined]
    return f"{', '.join(others)} or {last}" if others else last


@check(limits.name_invalid, BuildPlan, lint_only=True)
def names_in_comments(plan: BuildPlan, context: Context) -> Iterator[Diagnostic]:
    """`# d2t: name=`; what `--name` says is checked when a template is built."""
    hint = context.hints.values.get("name")
    if hint and (wrong := wrong_name(context.provider, hint.value)):
        yield limits.name_invalid(_span(plan, hint), context.provider, hint.value, *wrong)


@check(limits.resources_not_offered, BuildPlan, lint_only=True)
def resources_in_comments(plan: BuildPlan, context: Context) -> Iterator[Diagnostic]:
    """`# d2t: cpu=` and `memory=`, the provider's default where only one of them is said."""
    said = [context.hints.values[key] for key in ("cpu", "memory") if key in context.hints.values]
    if said:
        cpu = context.hints.number("cpu") or context.provider["resources.cpu_count"]
        memory = context.hints.number("memory") or context.provider["resources.memory_mb"]
        if offered := wrong_resources(context.provider, cpu, memory):
            yield limits.resources_not_offered(_span(plan, said[-1]), context.provider, cpu, memory, offered)


@check(build_arg_unused, BuildPlan)
def build_args_without_arg(plan: BuildPlan, context: Context) -> Iterator[Diagnostic]:
    """`--build-arg` names that neither an ARG nor BuildKit knows."""
    if not context.build_args:
        return
    declared = {
        pair.name
        for instruction in context.dockerfile.instructions
        if isinstance(instruction, ins.Arg)
        for pair in instruction.pairs
    }
    for name in context.build_args:
        if name not in declared and not _PREDEFINED.fullmatch(name):
            yield build_arg_unused(None, name)


def _span(plan: BuildPlan, hint: Hint) -> Span:
    """Where a comment says a hint's value."""
    line = plan.base_origin.source.lines[hint.line - 1]
    match = re.search(rf"\b{hint.key}\s*=", line, re.IGNORECASE)
    start = match.end() if match else 0
    found = line.find(hint.value, start)
    if found < 0:
        return plan.base_origin.source.span(hint.line, hint.line)
    return Span(hint.line, found + 1, hint.line, found + 1 + len(hint.value))
