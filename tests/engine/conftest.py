"""What the tests with an engine share: the engine, the derived base images, and one verifier for all cases."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cases.load import Case, base_tag, bases

REQUIRED = "D2T_REQUIRE_ENGINE"  # set in CI: no engine is a failure there, not a reason to skip
BASE = "debian:bookworm-slim"


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """A client of the container engine."""
    from d2t.verify.docker import VerifyError, connect

    try:
        client = connect()
        client.images.get(BASE)
    except Exception as error:  # whatever keeps an engine from being used
        reason = str(error) if isinstance(error, VerifyError) else f"the engine has no {BASE}: {error}"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{REQUIRED}=1, but {reason}", pytrace=False)
        pytest.skip(reason)
    yield client
    client.close()


@pytest.fixture(scope="session")
def local_engine(engine: Any) -> Any:
    """The same engine, as the local service uses it."""
    from d2t.local.engine import Engine

    return Engine(engine)


@pytest.fixture(scope="session")
def base_images(engine: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The derived base images; the engine's build cache makes the second session quick."""
    from d2t.verify.docker import Builder

    builder = Builder.find(engine)
    for name, text in bases().items():
        folder = tmp_path_factory.mktemp(name)
        (folder / "Dockerfile").write_text(text.removeprefix("\n"), encoding="utf-8")
        built = builder.build(folder / "Dockerfile", folder, tag=base_tag(name))
        assert not built.error, (name, built.error)


class Verdicts:
    """The outcomes of cases: worked on together, handed out one by one."""

    def __init__(self, client: Any, local_engine: Any, selected: list[Case], folder: Path) -> None:
        from d2t.verify.run import Verifier

        self._verifier = Verifier(client, local_engine)
        self._found: dict[str, Any] = {}
        self._outcomes = self._verifier.verify(job_of(case, folder / case.id) for case in selected)

    def of(self, case: Case) -> Any:
        while case.id not in self._found:
            outcome = next(self._outcomes)
            self._found[outcome.name] = outcome
        return self._found[case.id]

    def close(self) -> None:
        self._outcomes.close()
        self._verifier.__exit__()


def job_of(case: Case, folder: Path) -> Any:
    """d2t's job for a case."""
    from d2t.context import scan

    from d2t import api
    from d2t.providers import load
    from d2t.verify.translation import job

    context = case.write(folder)
    provider = load(case.provider)
    more = {"context": scan(context)} if provider["instructions.copy"] else {}
    return job(
        case.id,
        folder / "Dockerfile",
        context,
        provider,
        lambda config: api.transpile(
            folder / "Dockerfile",
            provider=case.provider,
            build_args=case.args,
            target=case.target,
            allow=case.allow,
            base_config=config,
            **more,
        ),
        build_args=case.args,
        target=case.target,
        yardstick=folder / "Dockerfile.docker" if case.docker else None,
    )


@pytest.fixture(scope="session")
def verdicts(
    engine: Any,
    local_engine: Any,
    base_images: None,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Verdicts]:
    """The outcomes of the cases that this session runs."""
    selected = [
        item.callspec.params["case"]
        for item in request.session.items
        if "case" in getattr(getattr(item, "callspec", None), "params", {})
    ]
    found = Verdicts(engine, local_engine, selected, tmp_path_factory.mktemp("cases"))
    yield found
    found.close()


@pytest.fixture
def leftovers(engine: Any) -> Iterator[None]:
    """Fails when a test leaves a container or an image behind."""
    before = _things(engine)
    yield
    assert _things(engine) <= before


def _things(client: Any) -> set[str]:
    images = {tag for image in client.images.list() for tag in image.tags if tag.startswith("d2t")}
    return images | {each.id for each in client.containers.list(all=True, filters={"label": "d2t.verify"})}


@pytest.fixture
def d2t_verify(engine: Any) -> Any:
    """Runs the command."""

    def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        import sys

        return subprocess.run(
            [sys.executable, "-m", "d2t", "verify", *arguments], cwd=cwd, capture_output=True, text=True, check=False
        )

    return run
