"""The page of a rule: what, why, an example and what is said of it, for people and as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from d2t import providers
from d2t.diagnostics import Diagnostic
from d2t.lint.fixes import FIXES
from d2t.lint.gather import Ask, gather
from d2t.lint.run import lint
from d2t.lower.options import Context
from d2t.report import Report, render
from d2t.rules import Rule


@dataclass(frozen=True, slots=True)
class Page:
    """A rule, and what its example gives."""

    rule: Rule
    found: Diagnostic | None  # None where there is no example
    providers: tuple[providers.Provider, ...]  # those on which the example gives it; () where there is none

    @property
    def fixable(self) -> bool:
        return self.rule.code in FIXES


def page(rule: Rule) -> Page:
    """Lint a rule's example for each provider that d2t ships."""
    found, where = None, []
    for name in providers.names() if rule.example else ():
        provider = providers.load(name)
        item = example(rule, provider)
        if item is not None:
            found = found or item
            where.append(provider)
    return Page(rule, found, tuple(where))


def example(rule: Rule, provider: providers.Provider) -> Diagnostic | None:
    """What a provider gives for the rule's example: without a build context, and with an empty one."""
    for found in (
        lint(rule.example, (provider,), Ask()),
        lint(rule.example, (provider,), Ask(context=Context("."))),
        gather(rule.example, (provider,), Ask(), quiet=False).diagnostics,
    ):
        for item in found:
            if item.code == rule.code:
                return item
    return None


def text(page: Page, *, color: bool = False, width: int = 80) -> str:
    """For a terminal."""
    rule = page.rule
    parts = [f"{rule.code} {rule.name} ({rule.severity.value})", rule.page]
    if page.found is not None:
        parts += ["Example:", _indented(rule.example), "gives", _said(page, "full", color, width).rstrip("\n")]
    else:
        parts.append(f"No example: {rule.no_example}.")
    if page.fixable:
        parts.append("`d2t lint --fix` repairs it where that is safe.")
    if page.providers:
        parts.append(f"Providers: {_providers(page)}")
    parts.append(f"Source: {rule.source}")
    return "\n\n".join(parts) + "\n"


def markdown(pages: Iterable[Page]) -> str:
    """One document of all pages."""
    found = list(pages)
    parts = [
        "# Rules",
        "What d2t says about a Dockerfile: an *error* means that there is no template, a *warning* that the sandbox differs "
        "from what `docker build` gives, *info* is a fact worth knowing. `d2t rule CODE` shows a page of this list.",
        "\n".join(
            ["| code | name | severity | providers | fix |", "|---|---|---|---|---|"]
            + [
                f"| [{one.rule.code}](#{one.rule.code.lower()}-{one.rule.name}) | {one.rule.name} | "
                f"{one.rule.severity.value} | {_providers(one)} | {'yes' if one.fixable else ''} |"
                for one in found
            ]
        ),
    ]
    for one in found:
        parts += _section(one)
    return "\n\n".join(parts) + "\n"


def _section(page: Page) -> list[str]:
    rule = page.rule
    about = [rule.severity.value, *([f"providers: {_providers(page)}"] if page.providers else [])]
    parts = [f"## {rule.code} {rule.name}", f"*{', '.join(about)}*", rule.page]
    if page.found is not None:
        parts.append(f"```dockerfile\n{rule.example}\n```")
        parts.append(f"```text\n{_said(page, 'full', False, 100).rstrip()}\n```")
    else:
        parts.append(f"No example: {rule.no_example}.")
    if page.fixable:
        parts.append("`d2t lint --fix` repairs it where that is safe.")
    return [*parts, f"Source: {rule.source}"]


def document(page: Page) -> dict[str, Any]:
    """As data."""
    rule = page.rule
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "page": rule.page,
        "source": rule.source,
        "example": rule.example or None,
        "message": page.found.message if page.found else None,
        "help": (page.found.help or None) if page.found else None,
        "providers": [one.id for one in page.providers],
        "fixable": page.fixable,
    }


def _providers(page: Page) -> str:
    if len(page.providers) == len(providers.names()):
        return "all"
    return ", ".join(one.title for one in page.providers)


def _said(page: Page, format: str, color: bool, width: int) -> str:
    """The finding alone, without the count at the end."""
    assert page.found is not None
    said = render([Report("Dockerfile", page.rule.example, (page.found,))], format, color=color, width=width)
    return said.rpartition("\n\n")[0]


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))
