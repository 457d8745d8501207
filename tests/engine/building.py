"""Builds with the local service's executor, for tests: steps in, the output of each step out."""

from __future__ import annotations

import hashlib
import io
import tarfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from d2t import providers
from d2t.local import images
from d2t.local.engine import Engine
from d2t.local.execute import BuildResult, Limits, execute

IMAGE = "debian:bookworm-slim"
QUICK = Limits(step=30.0, ready=10.0, ready_interval=0.05, default_ready=0.3)


class Lab:
    """Builds templates and removes their images at its end."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.client = engine.client()
        self._folder = folder
        self._names: list[str] = []
        self._derived: list[Any] = []
        self._files: dict[str, Path] = {}

    def build(
        self, *steps: tuple[str, ...], limits: Limits = QUICK, provider: str = "e2b", **options: Any
    ) -> BuildResult:
        """Steps are ("RUN", "true"); a fifth word of a COPY is the hash of its files."""
        self._names.append(f"test-{uuid.uuid4().hex[:12]}")
        body = {"steps": [self._step(*step) for step in steps]}
        for key in ("fromImage", "fromTemplate", "fromImageRegistry", "startCmd", "readyCmd"):
            if key in options:
                body[key] = options.pop(key)
        if "fromTemplate" not in body:
            body.setdefault("fromImage", IMAGE)
        return execute(
            body,
            provider=providers.load(provider),
            engine=self.engine,
            files=self._files,
            name=self._names[-1],
            build_id=str(uuid.uuid4()),
            limits=limits,
            **options,
        )

    @property
    def name(self) -> str:
        """Of the newest template."""
        return self._names[-1]

    def ok(self, *steps: tuple[str, ...], **options: Any) -> list[str]:
        """What the last step printed, of a build that must succeed."""
        result = self.build(*steps, **options)
        assert result.error is None, result.error
        return printed(result, len(steps))

    def context(self, entries: dict[str, Any]) -> str:
        """An upload with these files: a text, bytes, None for a folder, or a TarInfo. Its hash."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for name, content in entries.items():
                if isinstance(content, tarfile.TarInfo):
                    tar.addfile(content)
                    continue
                entry = tarfile.TarInfo(name)
                entry.uid = entry.gid = 501
                entry.mode = 0o755 if content is None else 0o640
                if content is None:
                    entry.type = tarfile.DIRTYPE
                    tar.addfile(entry)
                else:
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content.encode()))
        files_hash = hashlib.sha256(buffer.getvalue()).hexdigest()
        path = self._folder / files_hash
        path.write_bytes(buffer.getvalue())
        self._files[files_hash] = path
        return files_hash

    def see(self, result: BuildResult, script: str) -> str:
        """What a script prints in a container from the image of a build."""
        assert result.error is None, result.error
        output: bytes = self.client.containers.run(
            result.image_id, ["-c", script], entrypoint="/bin/sh", network_mode="none", remove=True, user="0:0"
        )
        return output.decode()

    def derive(self, script: str = "true", changes: Sequence[str] = ()) -> str:
        """The name of an image that a script and a Dockerfile's config instructions make of the base."""
        made = self.client.containers.run(IMAGE, ["sh", "-c", script], network_mode="none", detach=True)
        try:
            made.wait()
            image = made.commit(repository="d2t-test", tag=uuid.uuid4().hex[:12], changes=list(changes))
        finally:
            made.remove(force=True)
        self._derived.append(image)
        return str(image.tags[0])

    def empty(self) -> str:
        """The name of an image without a file."""
        buffer = io.BytesIO()
        tarfile.open(fileobj=buffer, mode="w").close()
        name, tag = "d2t-test", uuid.uuid4().hex[:12]
        self.client.api.import_image_from_data(buffer.getvalue(), repository=name, tag=tag)
        self._derived.append(self.client.images.get(f"{name}:{tag}"))
        return f"{name}:{tag}"

    def close(self) -> None:
        for name in self._names:
            images.remove(self.client, name)
        for image in self._derived:
            images.remove_bases(self.client, source=image.id)
            self.client.images.remove(image.tags[0], force=True)
        self.client.close()

    def _step(self, kind: str, *args: str) -> dict[str, Any]:
        if kind == "COPY":
            *args, files_hash = args
            return {"type": kind, "args": list(args), "filesHash": files_hash}
        return {"type": kind, "args": list(args)}


def printed(result: BuildResult, step: int, stream: str = "stdout") -> list[str]:
    """The lines that a step printed."""
    mark = f"[{stream}]: "
    return [
        entry.message.partition(mark)[2] for entry in result.logs if entry.step == str(step) and mark in entry.message
    ]
