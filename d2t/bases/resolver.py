"""Where a base image's config is looked for, in which order, and what becomes of it when it is nowhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from d2t.bases.credentials import Login
from d2t.config import RESOLVE_BASE as MODES
from d2t.plan.base import BaseNotRead
from d2t.plan.build import ImageConfig

_WORKERS = 8

Ask = Callable[[str], ImageConfig]  # raises BaseNotRead and BaseRefused


class ResolveError(Exception):
    """A base image's config cannot be had from where the user said. The message is one line."""


class Resolver:
    """Gives configs by canonical reference ("docker.io/library/node:22"): what `d2t.api.transpile` takes as `bases`.

    Each reference is looked up once, from whatever thread. Use it as a context manager, or call `close`.
    """

    def __init__(
        self,
        mode: str = "auto",
        *,
        engine_first: bool = True,
        login: tuple[str, Login] | None = None,
        cache: Path | None = None,
    ) -> None:
        """`mode` is one of MODES. "auto" asks engine and registry, in the order that `engine_first` says.

        `login` is a reference with what to log in with for it, instead of the user's Docker credentials. `cache` is the
        folder of the cache, the user's own by default.
        """
        if mode not in MODES:
            raise ValueError(f"no such mode: {mode}")
        self.mode = mode
        self._engine_first = engine_first
        self._login = login
        self._cache = cache
        self._lock = threading.Lock()
        self._known: dict[str, Future[ImageConfig | None]] = {}
        self._sources: tuple[Ask, ...] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Resolver:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._stack.close()

    def __call__(self, reference: str) -> ImageConfig | None:
        """The config of an image for linux/amd64; None with mode "never".

        Raises ResolveError when it cannot be had with mode "engine" or "registry", BaseNotRead with "auto";
        BaseRefused when there is such an image, but none for linux/amd64.
        """
        if self.mode == "never":
            return None
        with self._lock:
            future = self._known.get(reference)
            own = future is None
            if future is None:
                future = self._known[reference] = Future()
        if own:
            try:
                future.set_result(self._find(reference))
            except Exception as error:
                future.set_exception(error)
            except BaseException:  # interrupted: whoever waits for it must not wait for ever
                future.cancel()
                raise
        return future.result()

    def prefetch(self, references: Iterable[str]) -> None:
        """Look several up at a time. Never raises for one of them: asking for it does."""
        wanted = list(dict.fromkeys(references))
        if self.mode == "never" or len(wanted) < 2:
            return
        with ThreadPoolExecutor(min(_WORKERS, len(wanted)), "bases") as pool:
            tasks = [pool.submit(self, reference) for reference in wanted]
            try:
                for task in tasks:
                    task.exception()
            except BaseException:  # interrupted: what has not begun is left
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _find(self, reference: str) -> ImageConfig:
        problems: list[BaseNotRead] = []
        for ask in self._asked():
            try:
                found = ask(reference)
            except BaseNotRead as error:
                problems.append(error)
                continue
            if problems and not self._engine_first:
                raise BaseNotRead(str(problems[0]), found)
            return found
        if self.mode != "auto":
            raise ResolveError(f"{reference}: {problems[0]}")
        raise BaseNotRead(str(problems[-1 if self._engine_first else 0]))  # the registry's

    def _asked(self) -> tuple[Ask, ...]:
        with self._lock:
            if self._sources is None:
                from d2t.bases.engine import EngineSource

                made: list[Ask] = []
                if self.mode in ("auto", "registry"):
                    from d2t.bases.cache import Cache
                    from d2t.bases.registry import RegistrySource

                    registry = RegistrySource(Cache(self._cache), self._login)
                    self._stack.callback(registry.close)
                    made.append(registry)
                if self.mode in ("auto", "engine"):
                    engine = EngineSource()
                    self._stack.callback(engine.close)
                    made.append(engine)
                self._sources = tuple(reversed(made) if self._engine_first else made)
            return self._sources
