"""The Python API: plan, translate and lint a Dockerfile.

>>> from d2t import transpile
>>> transpile("FROM debian:12\\nRUN make\\n").template.steps  # doctest: +ELLIPSIS
(...)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from d2t import providers
from d2t.diagnostics import Diagnostic, Findings, Severity
from d2t.dockerfile.parse import read
from d2t.dockerfile.source import UnreadableError, decode
from d2t.plan.bases import Asked, own_reference, wanted
from d2t.plan.build import BuildPlan, CopyStep, ImageConfig
from d2t.plan.planner import plan as make_plan

if TYPE_CHECKING:
    from d2t.dockerfile.instructions import Dockerfile
    from d2t.lower.options import Context
    from d2t.plan.planner import Bases
    from d2t.template import Template

Source = str | os.PathLike[str]


class PlanResult(NamedTuple):
    """A plan and what was found on the way; `plan` is None when there is an error."""

    plan: BuildPlan | None
    diagnostics: tuple[Diagnostic, ...]


class Result(NamedTuple):
    """A template and what was found on the way; `template` is None when there is an error."""

    template: Template | None
    diagnostics: tuple[Diagnostic, ...]
    plan: BuildPlan | None = None


def plan(
    source: Source,
    *,
    build_args: Mapping[str, str] | None = None,
    target: str = "",
    base_config: ImageConfig | None = None,
    bases: Bases | None = None,
) -> PlanResult:
    """What `docker build` would do.

    `source` is the Dockerfile's text, or a path-like object for a file. A text is never taken for a path.
    `base_config` is the config of the base image (`d2t.plan.base.read_config`), taken for every base of the file.
    `bases` gives the config of a base image by its canonical reference ("docker.io/library/node:22"), or None where it is
    not known, such as a `d2t.bases.Resolver`; `base_config` is then that of the target's base alone. It may raise
    `d2t.plan.base.BaseNotRead`, of which a diagnostic tells; other exceptions of it pass.
    """
    text = _text(source)
    if isinstance(text, Diagnostic):
        return PlanResult(None, (text,))
    dockerfile, errors = read(text)
    if errors:
        return PlanResult(None, errors)
    asked = _asked(dockerfile, build_args, target, base_config, bases)
    found, errors = make_plan(dockerfile, build_args=build_args, target=target, bases=asked)
    return PlanResult(found, errors if found is None else tuple(_not_read(found, asked)))


def base_images(source: Source, *, build_args: Mapping[str, str] | None = None, target: str = "") -> tuple[str, ...]:
    """The canonical references of the base images that a plan needs: what it asks `bases` for. () for a broken file."""
    text = _text(source)
    if isinstance(text, Diagnostic):
        return ()
    dockerfile, errors = read(text)
    return () if errors else wanted(dockerfile, build_args=build_args, target=target)[0]


def transpile(
    source: Source,
    *,
    provider: str = providers.DEFAULT,
    build_args: Mapping[str, str] | None = None,
    target: str = "",
    base_config: ImageConfig | None = None,
    bases: Bases | None = None,
    ready: str = "",
    default_ready: str = "",
    compose_test: tuple[str, ...] | None = None,
    allow: Iterable[str] = (),
    user: str = "",
    workdir: str = "",
    from_template: str = "",
    persist_env: bool = True,
    start: str = "",
    context: Context | Callable[[], Context] | None = None,
) -> Result:
    """Translate a Dockerfile for one provider.

    `source`, `build_args`, `target`, `base_config` and `bases` are as in `plan`. `ready` is a hint such as "port:8080", and
    `default_ready` one that a comment of the file overrides;
    `compose_test` the `test` of a compose healthcheck; `allow` names what may be dropped with a warning ("expose",
    "volume"); `user` and `workdir` replace the image's at start; `from_template` replaces the base; `persist_env` keeps
    ENV for later commands of the sandbox; `start` is the start command where no comment says one;
    `context` lists the build context (`d2t.context.scan`), which COPY needs, or is called for it when there is a COPY.

    Raises `d2t.providers.ProviderError` for an unknown provider, ValueError for a malformed `ready` or `allow`, and for a build
    context that cannot be read.
    """
    from d2t.lower.options import Options
    from d2t.lower.translate import lower

    service = providers.load(provider)
    options = Options(
        start=start,
        ready=ready,
        default_ready=default_ready,
        compose_test=compose_test,
        allow=frozenset(allow),
        user=user,
        workdir=workdir,
        from_template=from_template,
        persist_env=persist_env,
    )
    text = _text(source)
    if isinstance(text, Diagnostic):
        return Result(None, (text,))
    dockerfile, errors = read(text)
    if errors:
        return Result(None, errors)
    asked = _asked(dockerfile, build_args, target, base_config, bases)
    found, errors = make_plan(dockerfile, build_args=build_args, target=target, bases=asked)
    if found is None:
        return Result(None, errors)
    if _copies(found) and service["instructions.copy"]:
        if context is None and not isinstance(source, str):
            context = scan_folder_of(source)
        options = replace(options, context=context() if callable(context) else context)
    findings = Findings()
    template = lower(found, dockerfile, service, options, findings)
    for diagnostic in _not_read(found, asked, findings):
        findings.add(diagnostic)
    assert (template is None) == findings.has_errors
    return Result(template, findings.sorted(), found)


def _asked(
    dockerfile: Dockerfile,
    build_args: Mapping[str, str] | None,
    target: str,
    base_config: ImageConfig | None,
    bases: Bases | None,
) -> Asked:
    """Whom the plan asks for the configs of base images."""
    if bases is None:
        return Asked(lambda reference: base_config)
    own = wanted(dockerfile, build_args=build_args, target=target)[1] if base_config is not None else ""
    return Asked(bases, own, base_config)


def _not_read(plan: BuildPlan, asked: Asked, findings: Findings | None = None) -> list[Diagnostic]:
    """Why the config of the base is not known, or comes from elsewhere; with `findings` only where that matters."""
    if (error := asked.problems.get(own_reference(plan))) is None:
        return []
    from d2t.rules import behaviour

    if findings is not None and error.instead is None and not behaviour.NEEDS_BASE & {item.code for item in findings}:
        return []
    where = (plan.base_origin, plan.base_name)
    return [behaviour.base_config_not_read(where, plan.base_name, str(error), error.instead is not None)]


def scan_folder_of(source: os.PathLike[str]) -> Context:
    """The build context that `docker build` would take: the Dockerfile's folder.

    Raises `d2t.context.ContextError`, a ValueError.
    """
    from d2t.context import scan

    path = os.fspath(source)
    return scan(os.path.dirname(path) or ".", path)


def lint(
    source: Source,
    providers: Iterable[str] = (providers.DEFAULT,),
    *,
    build_args: Mapping[str, str] | None = None,
    target: str = "",
    base_config: ImageConfig | None = None,
    ready: str = "",
    start: str = "",
    allow: Iterable[str] = (),
    context: Context | Callable[[], Context] | None = None,
    select: Iterable[str] = ("D2T",),
    ignore: Iterable[str] = (),
    severity: Mapping[str, str] | None = None,
) -> tuple[Diagnostic, ...]:
    """What these providers will refuse, drop or do differently, in file order; fixes are in the findings' `edits`.

    An error does not hide what is found elsewhere in the file, and `# d2t: ignore=CODE` comments are heeded. `select` and
    `ignore` are codes (`D2T203`) or their beginnings (`D2T3`); `severity` gives a rule another severity. The other
    arguments are as in `transpile`; without a `context` nothing is said about the files that COPY needs.

    Raises `d2t.providers.ProviderError` for an unknown provider, `d2t.lint.ChoiceError` for a code that no rule has,
    ValueError for a malformed `ready` or `allow`, and for a build
    context that cannot be read.
    """
    from d2t.lint import Ask, Choice
    from d2t.lint import lint as lint_text
    from d2t.lower.options import Options
    from d2t.providers import load

    services = tuple(load(name) for name in dict.fromkeys(providers))
    choice = Choice(tuple(select), tuple(ignore), severity or {})
    options = Options(start=start, ready=ready, allow=frozenset(allow))
    text = _text(source)
    if isinstance(text, Diagnostic):
        return (text,)
    return lint_text(text, services, Ask(build_args or {}, target, base_config, options, context), choice)


def _copies(plan: BuildPlan) -> bool:
    return any(
        isinstance(step, CopyStep) and any(source.kind == "context" for source in step.sources) for step in plan.steps
    )


def _text(source: Source) -> str | Diagnostic:
    try:
        if isinstance(source, str):
            return decode(source.encode("utf-8"))
        with open(source, "rb") as file:
            return decode(file.read())
    except UnicodeEncodeError:
        message = "not UTF-8: the text holds lone surrogates"
    except UnreadableError as error:
        message = str(error)
    except OSError as error:
        message = (error.strerror or str(error)).lower()
    from d2t.rules import reading

    return reading.unreadable_file(None, message)


def is_error(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether a diagnostic of severity error is among them."""
    return any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
