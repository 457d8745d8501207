"""Provisioned bases that are too many go; what is built on them stays."""

from __future__ import annotations

from types import SimpleNamespace

from d2t.local import images


class Engine:
    """Images as an engine lists them: by the label that what is built on a base inherits."""

    def __init__(self, *tags: str) -> None:
        self.tags = list(tags)
        self.api = SimpleNamespace(images=lambda filters: [{"Id": tag, "RepoTags": [tag]} for tag in self.tags])
        self.images = SimpleNamespace(get=self._get, remove=self.tags.remove)

    def _get(self, tag: str) -> SimpleNamespace:
        return SimpleNamespace(tags=[tag], attrs={"Created": tag.rpartition(":")[2]}, client=self)


def test_only_bases_are_removed() -> None:
    engine = Engine("d2t-base:1", "d2t-base:2", "d2t/app:0", "d2t-base:3", "d2t/app:4")
    images.remove_bases(engine, keep=2)  # type: ignore[arg-type]
    assert engine.tags == ["d2t-base:2", "d2t/app:0", "d2t-base:3", "d2t/app:4"]
