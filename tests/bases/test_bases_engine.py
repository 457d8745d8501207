"""Configs from a real engine."""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import Iterator

import pytest

from d2t.bases import ResolveError, Resolver
from d2t.local.engine import EngineError, find
from d2t.plan.reference import normalize

CHANGES = [
    "ENV PATH=/opt/bin:/bin",
    "USER app",
    "WORKDIR /srv",
    'ENTRYPOINT ["/entry"]',
    'CMD ["serve"]',
    "HEALTHCHECK --interval=5s CMD true",
    "ONBUILD RUN make",
]


def archive() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("file"))
    return data.getvalue()


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    try:
        client = find().client()
    except EngineError as error:
        pytest.skip(str(error))
    name = f"d2t-bases-{secrets.token_hex(6)}"
    client.api.import_image_from_data(archive(), repository=name, tag="1", changes=CHANGES)
    try:
        yield f"{name}:1"
    finally:
        client.images.remove(f"{name}:1")
        client.close()


@pytest.mark.parametrize("mode", ["engine", "auto"])
def test_an_image_of_the_engine(image: str, mode: str) -> None:
    with Resolver(mode) as resolver:
        found = resolver(normalize(image))
    assert found is not None
    assert found.env == {"PATH": "/opt/bin:/bin"}
    assert (found.user, found.workdir, found.entrypoint, found.cmd) == ("app", "/srv", ("/entry",), ("serve",))
    assert found.onbuild == ("RUN make",)
    assert found.healthcheck is not None
    assert found.healthcheck.interval == 5_000_000_000


def test_an_image_that_it_has_not(image: str) -> None:
    with Resolver("engine") as resolver, pytest.raises(ResolveError) as caught:
        resolver(normalize(f"{image}-other"))
    assert str(caught.value).endswith(" has no such image: pull it first")
    assert "\n" not in str(caught.value)
