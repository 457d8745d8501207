"""A translation under way: the steps so far, and what the service's context is after them."""

from dataclasses import dataclass, field
from typing import NamedTuple

from d2t.diagnostics import Diagnostic, Findings
from d2t.dockerfile.source import Origin
from d2t.lower.options import Options
from d2t.plan.build import BuildPlan
from d2t.providers import Provider
from d2t.template import Copy, RunCmd, SetEnvs, SetUser, SetWorkdir, Step

ROOT = "root"


class Identity(NamedTuple):
    """Who runs: the service's user, and what brings a command from it to Docker's uid, gid and groups."""

    name: str = ROOT  # the user of the service's context
    prefix: tuple[str, ...] = ()  # argv in front of a command, e.g. setpriv; () when the name says it all
    own_group: bool = True  # the user's primary group is known to have the user's name

    @property
    def is_root(self) -> bool:
        return self.name == ROOT and not self.prefix


@dataclass(slots=True)
class Lowering:
    """What the modules of `lower` share. Each of them adds steps and findings."""

    plan: BuildPlan
    provider: Provider
    options: Options
    found: Findings
    steps: list[Step] = field(default_factory=list)
    identity: Identity = field(default_factory=Identity)
    context_user: str = ""  # the service's context, as the steps so far leave it; "": not said yet
    context_workdir: str = ""  # "": the user's home, as the service begins
    login: dict[str, str] = field(
        default_factory=dict
    )  # what the file that login shells read last says; PATH "": the base's
    folder_known: bool = False  # the working directory does not depend on a base image that is not known
    profile_edited: str = ""  # a file that login shells read and that a step changed
    exported: dict[str, str] = field(default_factory=dict)  # ENV so far, values in the plan's notation
    symbolic_exported: bool = False  # the file of variables was begun by a step
    volumes: list[str] = field(default_factory=list)  # VOLUME's paths so far

    def add(self, step: Step) -> None:
        self.steps.append(step)

    def report(self, diagnostic: Diagnostic) -> None:
        self.found.add(diagnostic)

    def run(self, command: str, origin: Origin | None, why: str = "", user: str = "") -> None:
        """A RUN step in the context; `user` is left out where it is the context's already."""
        user = "" if user == self.context_user else user
        self.add(RunCmd(command, user, origin.line if origin else 0, why))

    def run_as_root(self, command: str, origin: Origin | None, why: str) -> None:
        self.run(command, origin, why, ROOT)

    def set_user(self, name: str, origin: Origin | None, why: str = "") -> None:
        if name != self.context_user:
            self.add(SetUser(name, origin.line if origin else 0, why))
            self.context_user = name

    def set_workdir(self, path: str, origin: Origin | None, why: str = "", again: bool = False) -> None:
        if path != self.context_workdir or again:
            self.add(SetWorkdir(path, origin.line if origin else 0, why))
            self.context_workdir = path

    def set_envs(self, envs: tuple[tuple[str, str], ...], origin: Origin | None, why: str = "") -> None:
        if envs:
            self.add(SetEnvs(envs, origin.line if origin else 0, why))

    def copy(self, step: Copy) -> None:
        self.add(step)
