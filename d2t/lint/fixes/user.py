"""USER in a form that the service does not know, as the name of the same user of a well-known image."""

from __future__ import annotations

from d2t.diagnostics import Diagnostic, Edit
from d2t.dockerfile import instructions as ins
from d2t.lint.fixes.situation import Document, Fix, Situation, fixes
from d2t.plan.build import UserStep

# Official images: the user that they create, its uid, and its only group, which has its name and the same number.
# github.com/docker-library and github.com/nodejs/docker-node
_USERS = {
    "node": ("node", "1000"),
    "docker.io/jenkins/jenkins": ("jenkins", "1000"),
}
_ONLY_DEBIAN = {
    "memcached": ("memcache", ""),
    "httpd": ("www-data", "33"),
    "php": ("www-data", "33"),
    "debian": ("www-data", "33"),
    "ubuntu": ("www-data", "33"),
    "buildpack-deps": ("www-data", "33"),
    "python": ("www-data", "33"),
}


@fixes("D2T307")
def user(item: Diagnostic, situation: Situation) -> Fix | None:
    """`USER node:node`, `USER 1000`, `USER 1000:1000` → `USER node` on the official image, whose user that is."""
    step = situation.step(item)
    written = next((one for one in situation.gathered.dockerfile.instructions if one.origin.line == item.line), None)
    if not isinstance(step, UserStep) or not isinstance(written, ins.User) or written.user != step.user:
        return None
    known = _known(situation.plan.base or "")
    if known is None:
        return None
    name, uid = known
    own = {name, uid} - {""}
    who, _, group = step.user.partition(":")
    if who not in own or (group and group not in own):
        return None
    later = [one for one in situation.plan.steps if isinstance(one, UserStep)][-1] is step

    def intended(document: Document, now: Document) -> None:
        if later:
            document["image"]["user"] = name
        for before, after in zip(document["steps"], now["steps"], strict=False):
            if before["op"] == "run" and before["user"] == step.user and after.get("user") == name:
                before["user"] = name

    return Fix((Edit(step.origin.span(step.user), name),), intended)


def _known(base: str) -> tuple[str, str] | None:
    reference = base.removeprefix("docker-image://").partition("@")[0]
    name, _, tag = reference.rpartition(":")
    if name.startswith("docker.io/library/"):
        name = name.removeprefix("docker.io/library/")
    elif "/" in name and not name.startswith("docker.io/"):
        return None
    if name in _USERS:
        return _USERS[name]
    return _ONLY_DEBIAN.get(name) if "alpine" not in tag else None
