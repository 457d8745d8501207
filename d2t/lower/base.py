"""FROM: the base image, and whether the service can build on it."""

from __future__ import annotations

from fnmatch import fnmatchcase

from d2t.lower.images import has_login_path
from d2t.lower.state import Lowering
from d2t.plan.build import BuildPlan
from d2t.providers import Provider
from d2t.rules import behaviour, support
from d2t.template import Base, FromImage, FromTemplate


def lower_base(state: Lowering) -> Base:
    """The template's base. Reports images that the service refuses."""
    plan, provider = state.plan, state.provider
    origin, image = plan.base_origin, plan.base_name
    if state.options.from_template:
        if not provider["api.from_template"]:
            state.report(support.from_template_not_supported(None, provider))
        return FromTemplate(state.options.from_template)
    where = (origin, image)
    if plan.base is None:
        state.report(support.base_image_refused(where, provider, "scratch"))
    elif _is_windows(plan, provider):
        state.report(support.windows_image(where, image))
    elif _matches(plan.base, provider["base.refused_images"]):
        state.report(support.base_image_refused(where, provider, image))
    elif plan.platform != provider["api.platform"]:
        state.report(support.platform_not_supported((origin, "--platform"), provider, plan.platform))
    elif plan.base_config is None and not has_login_path(image):
        state.report(behaviour.base_config_unknown(where, image))
    return FromImage(image)


def _is_windows(plan: BuildPlan, provider: Provider) -> bool:
    if plan.base_config is not None and plan.base_config.os == "windows":
        return True
    return plan.platform.startswith("windows/") or _matches(plan.base or "", provider["base.windows_images"])


def _matches(base: str, patterns: list[str]) -> bool:
    """Whether an image is one of the patterns, of which the last that fits counts: "!" takes out what others say.

    A pattern with a tag is about name and tag, others about the name.
    """
    full = base.removeprefix("docker-image://").partition("@")[0]
    head, colon, tail = full.rpartition(":")
    name = head if colon and "/" not in tail else full
    names = [name, name.removeprefix("docker.io/").removeprefix("library/")]
    tagged = [full, full.removeprefix("docker.io/").removeprefix("library/")]
    found = False
    for pattern in patterns:
        wanted = not pattern.startswith("!")
        if found != wanted:
            pattern = pattern.removeprefix("!")
            subjects = tagged if ":" in pattern else names
            found = wanted if any(fnmatchcase(subject, pattern) for subject in subjects) else found
    return found
