"""Which source is asked, in which order, how often, and what becomes of failures."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from d2t.bases import ResolveError, Resolver
from d2t.bases import resolver as module
from d2t.bases.engine import EngineSource
from d2t.config import RESOLVE_BASE
from d2t.plan.base import BaseNotRead, BaseRefused
from d2t.plan.build import ImageConfig
from tests.bases.fake import Registry

A = "docker.io/library/a:1"


class Source:
    """Knows some images, in place of an engine or a registry."""

    def __init__(self, name: str, log: list[str], *known: str) -> None:
        self._name = name
        self._log = log
        self._known = known

    def __call__(self, reference: str) -> ImageConfig:
        self._log.append(f"{self._name} {reference}")
        if reference in self._known:
            return ImageConfig(user=self._name)
        raise BaseNotRead(f"not in the {self._name}")

    def close(self) -> None:
        self._log.append(f"{self._name} closed")


Make = Callable[..., tuple[Resolver, list[str]]]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    def made(
        mode: str, *, engine: tuple[str, ...] = (), registry: tuple[str, ...] = (), engine_first: bool = True
    ) -> tuple[Resolver, list[str]]:
        log: list[str] = []
        monkeypatch.setattr("d2t.bases.engine.EngineSource", lambda: Source("engine", log, *engine))
        monkeypatch.setattr(
            "d2t.bases.registry.RegistrySource", lambda cache, login: Source("registry", log, *registry)
        )
        return Resolver(mode, engine_first=engine_first), log

    return made


@pytest.mark.parametrize(
    ("mode", "engine_first", "engine", "registry", "expected", "asked"),
    [
        ("auto", True, True, True, "engine", ["engine"]),
        ("auto", True, False, True, "registry", ["engine", "registry"]),
        ("auto", True, False, False, BaseNotRead("not in the registry"), ["engine", "registry"]),
        ("auto", False, True, True, "registry", ["registry"]),
        (
            "auto",
            False,
            True,
            False,
            BaseNotRead("not in the registry", ImageConfig(user="engine")),
            ["registry", "engine"],
        ),
        ("auto", False, False, False, BaseNotRead("not in the registry"), ["registry", "engine"]),
        ("engine", True, True, True, "engine", ["engine"]),
        ("engine", True, False, True, ResolveError(f"{A}: not in the engine"), ["engine"]),
        ("registry", True, True, True, "registry", ["registry"]),
        ("registry", False, True, False, ResolveError(f"{A}: not in the registry"), ["registry"]),
        ("never", True, True, True, None, []),
    ],
)
def test_the_order(
    make: Make,
    mode: str,
    engine_first: bool,
    engine: bool,
    registry: bool,
    expected: str | Exception | None,
    asked: list[str],
) -> None:
    resolver, log = make(mode, engine_first=engine_first, engine=(A,) * engine, registry=(A,) * registry)
    for _ in range(2):
        if isinstance(expected, Exception):
            with pytest.raises(type(expected)) as caught:
                resolver(A)
            assert str(caught.value) == str(expected)
            assert getattr(caught.value, "instead", None) == getattr(expected, "instead", None)
        else:
            found = resolver(A)
            assert (found and found.user) == expected
    assert log == [f"{name} {A}" for name in asked]  # once


def test_what_was_opened_is_closed(make: Make) -> None:
    resolver, log = make("auto", registry=(A,))
    with resolver:
        resolver(A)
    assert sorted(log[2:]) == ["engine closed", "registry closed"]


def test_an_unknown_mode() -> None:
    with pytest.raises(ValueError, match="sometimes"):
        Resolver("sometimes")
    assert module.MODES == RESOLVE_BASE


def test_several_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them ends before all have begun."""
    together = threading.Barrier(4, timeout=20)
    count = [0]

    def source(reference: str) -> ImageConfig:
        count[0] += 1
        together.wait()
        if reference == "refused":
            raise BaseRefused("no")
        return ImageConfig(user=reference)

    resolver = Resolver("registry")
    monkeypatch.setattr(resolver, "_asked", lambda: (source,))
    resolver.prefetch(["a", "b", "c", "refused", "a"])
    found = [resolver(name) for name in "abc"]
    assert [config and config.user for config in found] == ["a", "b", "c"]
    with pytest.raises(BaseRefused):
        resolver("refused")
    assert count == [4]


def test_threads_wait_for_the_one_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = threading.Event(), threading.Event()
    asked: list[str] = []

    def source(reference: str) -> ImageConfig:
        asked.append(reference)
        begun.set()
        assert go.wait(20)
        return ImageConfig(user="x")

    resolver = Resolver("registry")
    monkeypatch.setattr(resolver, "_asked", lambda: (source,))
    found: list[ImageConfig | None] = []
    threads = [threading.Thread(target=lambda: found.append(resolver("a"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(20)
    go.set()
    for thread in threads:
        thread.join(20)
    assert (len(found), asked) == (3, ["a"])


def test_no_engine_is_no_error_for_auto(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    registry.add("a:1", {"User": "me"})
    with Resolver("auto") as resolver:
        found = resolver(f"{registry.host}/a:1")
    assert found is not None
    assert found.user == "me"
    with Resolver("engine") as resolver, pytest.raises(ResolveError, match="nowhere"):
        resolver(f"{registry.host}/a:1")


def test_the_engine_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from d2t.local.engine import EngineError

    looked: list[int] = []

    def find() -> None:
        looked.append(1)
        raise EngineError("there is none")

    monkeypatch.setattr("d2t.local.engine.find", find)
    source = EngineSource()
    for _ in range(2):
        with pytest.raises(BaseNotRead, match="there is none"):
            source("a")
    assert looked == [1]
