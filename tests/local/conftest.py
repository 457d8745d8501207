from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from d2t import providers
from d2t.local.app import Service
from d2t.local.builder import Validator
from d2t.local.store import Store
from tests.local.client import KEY, Api, Held


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """Makes a service in this process: `serve("baidu")`, or with a builder of the test's own."""
    services: list[Service] = []

    def make(provider: str = "e2b", builder: Any = None) -> Api:
        builder = builder or Validator()
        service = Service(Store(tmp_path / "logs"), providers.load(provider), builder, KEY)
        services.append(service)
        client = TestClient(service.app(), headers={"X-API-Key": KEY}, raise_server_exceptions=False)
        return Api(client, service, builder)

    yield make
    for service in services:
        service.workers._builder.close()
        service.workers.close()
        service.store.close()


@pytest.fixture
def api(serve: Callable[..., Api]) -> Api:
    return serve("e2b")


@pytest.fixture
def held(serve: Callable[..., Api]) -> Api:
    return serve("e2b", Held())
