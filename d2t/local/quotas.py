"""How many templates and builds a user may have. Callers hold the store's lock."""

from __future__ import annotations

from d2t.local import refusals
from d2t.local.store import Status, Store, Template
from d2t.providers import Provider


def before_registering(store: Store, provider: Provider, name: str, tags: tuple[str, ...]) -> None:
    """Raises Refused when there is no room for one more template or build."""
    template = store.find(name)
    templates = provider["quotas.templates"]
    if template is None and templates and len(store.templates()) >= templates:
        raise refusals.TOO_MANY_TEMPLATES(title=provider.title, count=templates)
    if template is not None:
        before_starting(template, provider)
    builds = provider["quotas.builds"]
    others = sum(
        build.in_progress
        for build in store.builds()
        if build.template is not template or not set(build.tags) & set(tags)
    )  # e2b-dev/infra, db query GetInProgressTemplateBuildsByTeam: a build that this one would replace does not count
    if builds and others >= builds:
        raise refusals.TOO_MANY_BUILDS(title=provider.title, count=builds)


def before_starting(template: Template, provider: Provider) -> None:
    """Raises Refused when the template has as many running builds as it may."""
    running = sum(build.status is Status.BUILDING for build in template.builds)
    allowed = provider["quotas.builds_of_template"]
    if allowed and running >= allowed:
        raise refusals.TEMPLATE_BUSY(title=provider.title, template=template.name)
