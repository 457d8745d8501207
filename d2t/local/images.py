"""Images that builds start from and end in. What is known of a local build is in its image's labels."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from d2t.local.container import Sandbox
from d2t.local.context import Context
from d2t.local.provision import VERSION

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

REPOSITORY = "d2t"
BASES = "d2t-base"  # provisioned bases, kept so that the next build on the same image is quicker
LABEL = "d2t.template"
BASE_LABEL = "d2t.base"  # the id of the image that was provisioned
KEPT_BASES = 20


class ImageError(Exception):
    """An image that cannot be had."""


@dataclass(frozen=True, slots=True)
class Start:
    """A template's start and ready command, and what they run with."""

    command: str
    ready: str
    context: Context


@dataclass(frozen=True, slots=True)
class LocalBuild:
    """A successful build, as its image's labels tell it."""

    image_id: str
    name: str  # the template's
    build_id: str
    context: Context
    start: Start | None


def reference(name: str, build_id: str) -> tuple[str, str]:
    """Repository and tag. A template's name that no repository can have is replaced by a hash; the label has it."""
    if not re.fullmatch(r"[a-z0-9]+((_|__|-+)[a-z0-9]+)*", name):
        name = "template-" + hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{REPOSITORY}/{name}", build_id


def labels(name: str, build_id: str, context: Context, start: Start | None) -> dict[str, str]:
    """What an image says of its build."""
    said = {
        LABEL: name,
        "d2t.build": build_id,
        "d2t.user": context.user,
        "d2t.workdir": context.workdir,
        "d2t.env": json.dumps(dict(context.env)),
    }
    if start is not None:
        said |= {
            "d2t.start": start.command,
            "d2t.ready": start.ready,
            "d2t.start-context": json.dumps([start.context.user, start.context.workdir, dict(start.context.env)]),
        }
    return said


def commit(sandbox: Sandbox, name: str, build_id: str, context: Context, start: Start | None) -> Image:
    """The container as it is, paused for the moment, as the image of a build."""
    repository, tag = reference(name, build_id)
    config = {
        "Labels": labels(name, build_id, context, start),
        "Entrypoint": [],
        "Cmd": ["/bin/bash", "-l"],
        "Env": [],
        "OpenStdin": False,
        "StdinOnce": False,
    }
    return sandbox.docker.commit(repository=repository, tag=tag, conf=config)


def commit_base(sandbox: Sandbox, source: str, key: str) -> Image:
    """The container as it is, as the provisioned form of the image with the id `source`. Old ones go."""
    config = {"Labels": {BASE_LABEL: source}, "OpenStdin": False, "StdinOnce": False}
    image = sandbox.docker.commit(repository=BASES, tag=key, conf=config)
    remove_bases(sandbox.client, KEPT_BASES)
    return image


def remove_bases(client: DockerClient, keep: int = 0, source: str = "") -> None:
    """Delete the provisioned bases but for the newest ones; with a `source` only those of that image.

    What is built on a base inherits its label, so that the name counts, too.
    """
    label = f"{BASE_LABEL}={source}" if source else BASE_LABEL
    _untag(_labelled(client, label, f"{BASES}:")[keep:], f"{BASES}:")


def builds(client: DockerClient, name: str = "") -> Iterator[LocalBuild]:
    """The builds of a template, or of all, newest first."""
    for image in _labelled(client, f"{LABEL}={name}" if name else LABEL, f"{REPOSITORY}/"):
        yield _build(image)


def _build(image: Image) -> LocalBuild:
    said: Mapping[str, str] = image.labels
    context = Context(said["d2t.user"], said["d2t.workdir"], json.loads(said["d2t.env"]))
    start = None
    if "d2t.start" in said:
        start = Start(said["d2t.start"], said["d2t.ready"], Context(*json.loads(said["d2t.start-context"])))
    return LocalBuild(image.id, said[LABEL], said["d2t.build"], context, start)


def remove(client: DockerClient, name: str) -> None:
    """Delete the images of a template's builds, and no image that someone made from one of them."""
    prefix = f"{REPOSITORY}/"
    _untag(_labelled(client, f"{LABEL}={name}", prefix), prefix)


def _labelled(client: DockerClient, label: str, prefix: str) -> list[Image]:
    """The images with a label and a name that begins so, newest first."""
    import docker.errors

    found = []
    for entry in client.api.images(filters={"label": label}):
        if not any(tag.startswith(prefix) for tag in entry.get("RepoTags") or ()):
            continue
        with suppress(docker.errors.ImageNotFound):  # another process deletes images, too
            found.append(client.images.get(entry["Id"]))
    return sorted(found, key=lambda image: str(image.attrs["Created"]), reverse=True)


def _untag(images: Iterable[Image], prefix: str) -> None:
    """Take the names away that begin so; the engine deletes what no other image needs."""
    import docker.errors

    for image in images:
        for tag in [tag for tag in image.tags if tag.startswith(prefix)]:
            with suppress(docker.errors.APIError):  # in use, or gone
                image.client.images.remove(tag)


def find_base(client: DockerClient, image: str, platform: str, credentials: Mapping[str, str] | None) -> Image:
    """The image with this name: the engine's own, else pulled. Raises ImageError; its text never has credentials."""
    import docker.errors

    if credentials and credentials["type"] != "registry":
        raise ImageError(f"the local service cannot log in to a registry of type {credentials['type']!r}")
    try:
        found = client.images.get(image)
    except docker.errors.ImageNotFound:
        login = {"username": credentials["username"], "password": credentials["password"]} if credentials else None
        try:
            pulled: Any = client.images.pull(
                image if re.search(r"[:@][^/]*$", image) else f"{image}:latest", auth_config=login, platform=platform
            )
        except docker.errors.APIError as error:
            problem = str(error.explanation or "the engine could not pull it")
            if credentials:
                problem = problem.replace(credentials["password"], "***")
            raise ImageError(f"cannot pull {image}: {problem}") from None
        found = pulled[0] if isinstance(pulled, list) else pulled
    own = f"{found.attrs['Os']}/{found.attrs['Architecture']}"
    if own != platform:
        raise ImageError(f"{image} is for {own}, and the service runs {platform}")
    return found


def env_of(image: Image) -> dict[str, str]:
    """The variables that the service takes over: trimmed, without empty ones (e2b-dev/infra, core/oci, ParseEnvs)."""
    pairs = (entry.partition("=") for entry in (image.attrs["Config"] or {}).get("Env") or ())
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip() and value.strip()}


def provisioned(client: DockerClient, image: Image, network: str, make: Callable[[str], Image]) -> Image:
    """The provisioned form of a base image: the kept one, or what `make` commits under the name that it is given."""
    import docker.errors

    key = hashlib.sha256("\0".join((image.id, VERSION, network)).encode()).hexdigest()[:20]
    try:
        return client.images.get(f"{BASES}:{key}")
    except docker.errors.ImageNotFound:
        return make(key)


def without_volumes(client: DockerClient, image: Image) -> str:
    """An image without the volumes of this one: they would keep files out of what is committed."""
    if not (image.attrs["Config"] or {}).get("Volumes"):
        return str(image.id)
    created = client.api.create_container(image.id, command=["/bin/sh"])
    try:
        answer = json.loads(client.api.import_image_from_stream(client.api.export(created["Id"])).splitlines()[-1])
    finally:
        client.api.remove_container(created["Id"], v=True, force=True)
    return str(answer["status"])
