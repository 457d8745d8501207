"""What was observed of one Dockerfile, to its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from d2t.verify.compare import Control, Difference, compare
from d2t.verify.explain import Cause, Explained, explain
from d2t.verify.jobs import Job, Seen, Translated
from d2t.verify.outcome import Outcome, Status
from d2t.verify.state import Files, Process, Snapshot, Start


@dataclass(slots=True)
class EmptyTemplate:
    """The empty template on one base. Its files are read when the first job on that base is judged."""

    base_image: str
    image: str
    start: Process | None  # a command that stays
    later: Process | None
    known: Control | None = None

    def control(self, files: Mapping[str, Files]) -> Control:
        """With the files of its images, the first time from `files`."""
        if self.known is None:
            self.known = Control(files[self.base_image], files[self.image], self.start, self.later)
        return self.known


@dataclass(frozen=True, slots=True)
class Observed:
    """One job, built both ways."""

    job: Job
    outcome: Outcome | None  # decided without a comparison
    translated: Translated | None = None
    docker_image: str = ""
    control: EmptyTemplate | None = None
    seen: Seen = field(default_factory=Seen)
    seconds: float = 0.0


def judge(item: Observed, files: Mapping[str, Files], again: Callable[[], Files | None]) -> Outcome:
    """Compare and explain.

    `files` are those of the images by name; `again` gives the files of a second `docker build`, or None: what Docker does
    not repeat is left out.
    """
    translated, seen, provider = item.translated, item.seen, item.job.provider
    assert translated is not None
    assert item.control is not None
    control = item.control.control(files)
    plain = Outcome(item.job.name, provider.id, Status.SAME, translated.diagnostics)
    if seen.service_start.exit_code and provider["runtime.start_must_not_fail"]:
        said = seen.service_start.output.strip().splitlines()[-1:]
        message = f"the start command ended with status {seen.service_start.exit_code}, which fails the build"
        return replace(plain, status=Status.FAILED, message=": ".join([message, *said]))
    docker = Snapshot(files[item.docker_image], _start(seen, translated.starts_nothing), seen.docker_later)
    service = Snapshot(files[seen.image], seen.service_start, seen.service_later, seen.later_error)
    found = compare(docker, service, control, provider)
    if any(_may_vary(difference) for difference in found) and (second := again()) is not None:
        found, varying = without_varying(found, docker.files, second)
        if varying:
            files_ = f"{len(varying)} files differ" if len(varying) > 1 else "1 file differs"
            note = f"{files_} between two runs of docker build, and is not compared: {', '.join(varying[:3])}"
            plain = replace(plain, notes=(note,))
    if not found:
        return plain
    if translated.plan is None:
        causes: tuple[Cause, ...] = (Cause(0, "", tuple(Explained(difference, "") for difference in found)),)
    else:
        layers = len(control.base.made_by)
        causes = explain(found, translated.plan, docker.files, layers, provider, translated.diagnostics)
    return replace(plain, status=Status.DIFFERENT, causes=causes)


def without_varying(
    found: tuple[Difference, ...], first: Files, second: Files
) -> tuple[tuple[Difference, ...], tuple[str, ...]]:
    """Differences in files that two runs of `docker build` agree on; and the paths of the others."""
    varying = {
        difference.subject
        for difference in found
        if _may_vary(difference) and first.entries.get(difference.subject) != second.entries.get(difference.subject)
    }
    left = tuple(each for each in found if not (_may_vary(each) and each.subject in varying))
    return left, tuple(sorted(varying))


def _may_vary(difference: Difference) -> bool:
    return difference.area == "files" and difference.aspect in ("content", "presence")


def _start(seen: Seen, starts_nothing: bool) -> Start:
    """Docker's start command; none where it only waits for input, did end at once, and the template has none."""
    docker = seen.docker_start
    idle = docker.process is None and docker.exit_code == 0 and not docker.output
    return Start() if idle and starts_nothing and seen.service_start == Start() else docker
