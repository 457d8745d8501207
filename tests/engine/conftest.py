"""What the tests with an engine share: the engine, the derived base images, and one verifier for all cases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

import pytest
from cases.load import base_tag, bases

if TYPE_CHECKING:
    from cases.verdicts import Verdicts

    from d2t.local.engine import Engine
    from d2t.verify.run import Verifier

REQUIRED = "D2T_REQUIRE_ENGINE"  # set in CI: no engine is a failure there, not a reason to skip
BASE = "debian:bookworm-slim"


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The container engine."""
    from d2t.local.engine import EngineError, find

    try:
        found = find()
        client = found.client()
        missing = not client.images.list(BASE)
        client.close()
    except EngineError as error:
        return _without(str(error))
    return _without(f"the engine has no {BASE}") if missing else found


def _without(reason: str) -> NoReturn:
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{REQUIRED}=1, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def base_images(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The derived base images; the engine's build cache makes the second session quick."""
    from d2t.verify.docker import Builder

    builder = Builder.find(engine)
    for name, text in bases().items():
        folder = tmp_path_factory.mktemp(name)
        (folder / "Dockerfile").write_text(text.removeprefix("\n"), encoding="utf-8")
        built = builder.build(folder / "Dockerfile", folder, tag=base_tag(name))
        assert not built.error, (name, built.error)


@pytest.fixture(scope="session")
def verifier(engine: Engine, base_images: None) -> Iterator[Verifier]:
    """One verifier for the session: it keeps its services and the empty templates."""
    from d2t.verify.run import Verifier

    with Verifier(engine, workers=3, batch=40, settle=2, step_timeout=60) as found:
        yield found


@pytest.fixture(scope="session")
def verdicts(verifier: Verifier, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    """The outcomes of the cases that this session runs."""
    from cases.verdicts import Verdicts

    selected = [
        item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and "verdicts" in item.fixturenames
    ]
    return Verdicts(verifier, selected, tmp_path_factory.mktemp("cases"))


@pytest.fixture
def leftovers(engine: Engine) -> Iterator[None]:
    """Fails when a test of this process leaves a container or an image behind."""
    before = _things(engine)
    yield
    assert _things(engine) <= before


def _things(engine: Engine) -> set[str]:
    from d2t.verify.docker import LABEL, REPOSITORY, owner

    client = engine.client()
    images = {tag for image in client.images.list() for tag in image.tags if tag.startswith(f"{REPOSITORY}:{owner()}-")}
    containers = {
        each.id
        for each in client.containers.list(all=True, filters={"label": f"{LABEL}={owner()}"}, ignore_removed=True)
    }
    client.close()
    return images | containers
