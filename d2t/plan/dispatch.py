"""What each instruction does to its stage: one function per instruction, as BuildKit's `dispatch…`.

Modules that only some instructions need are imported with the first of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from d2t.dockerfile import instructions as ins
from d2t.dockerfile.expand import ExpansionError, expand_words, symbols
from d2t.dockerfile.port import chomp_heredoc_content, is_heredoc
from d2t.plan import build
from d2t.plan.problem import EXPANSION, STAGE, VALUE, PlanProblem
from d2t.plan.scope import Scope
from d2t.plan.stages import Stage, expanded

_NOT_ENV = ("BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE")  # nonEnvArgs of convert.go


@dataclass(slots=True)
class Dispatch:
    """One stage being planned."""

    stage: Stage
    scope: Scope
    escape: str
    build_args: Mapping[str, str]
    global_args: Mapping[str, str]
    dispatched: set[int]  # indexes of the stages that are done
    triggered: bool = False  # the instruction comes from an ONBUILD of the base

    def step(self, instruction: ins.Instruction) -> build.Step:
        """Apply one instruction. Raises PlanProblem."""
        return _DISPATCH[type(instruction)](self, instruction)

    def word(self, text: str, instruction: ins.Instruction) -> str:
        return expanded(text, self.scope.env, self.escape, instruction.origin)


def _env(d: Dispatch, c: ins.Env) -> build.Step:
    values = [(d.word(pair.key, c), d.word(pair.value, c)) for pair in c.pairs]
    for name, value in values:
        d.scope.set_env(name, value)
    return build.EnvStep(c.origin, tuple(values))


def _arg(d: Dispatch, c: ins.Arg) -> build.Step:
    values = []
    for pair in c.pairs:
        value = d.build_args.get(pair.name)
        if value is None and pair.default is not None:
            value = d.word(pair.default, c)
        elif value is None:
            value = d.global_args.get(pair.name)
        if value is not None and pair.name not in _NOT_ENV:
            d.scope.set_arg(pair.name, value)
        values.append((pair.name, value))
    return build.ArgStep(c.origin, tuple(values))


def _run(d: Dispatch, c: ins.Run) -> build.Step:
    mounted = _mounts(d, c) if c.mounts else ()
    args, script = c.args, ""
    if not c.exec_form:
        args = (" ".join(args),)
    if c.heredocs:
        if c.exec_form:
            raise PlanProblem(VALUE, f"parsing produced an invalid run command: {' '.join(args)}", c.origin)
        args, script = _with_documents(args[0], c, d.scope.os)
    if script:
        mounted = (build.Mount("bind", "/dev/pipes/", read_only=True), *mounted)
    if not c.exec_form:
        args = d.scope.with_shell(args[0])
    env, names = d.scope.seen_by_run()
    sockets = [mount.target for mount in mounted if mount.type == "ssh"]
    if sockets and "SSH_AUTH_SOCK" not in env:
        env = {**env, "SSH_AUTH_SOCK": sockets[0]}
    return build.RunStep(
        c.origin,
        args,
        env,
        names,
        d.scope.workdir,
        d.scope.user,
        not c.exec_form,
        mounted,
        c.network if c.network in ("none", "host") else "unset",
        c.security,
        script,
        d.triggered,
    )


def _mounts(d: Dispatch, c: ins.Run) -> tuple[build.Mount, ...]:
    from d2t.plan import mounts

    try:
        return tuple(mounts.parse(text, lambda word: d.word(word, c), d.scope.workdir) for text in c.mounts)
    except mounts.MountError as error:
        raise PlanProblem(VALUE, str(error), c.origin, "--mount") from None


def _with_documents(command: str, c: ins.Run, os: str) -> tuple[tuple[str, ...], str]:
    """A RUN with heredocs: a sole document is the command or, with a shebang, a file; otherwise the shell reads them."""
    if is_heredoc(command):
        document = c.heredocs[0]
        data = chomp_heredoc_content(document.content) if document.chomp else document.content
        if os != "windows" and data.startswith("#!"):
            return (f"/dev/pipes/{document.name}",), data
        return (data,), ""
    return ("".join([command, *(f"\n{doc.content}{doc.name}" for doc in c.heredocs)]),), ""


def _workdir(d: Dispatch, c: ins.Workdir) -> build.Step:
    path = d.word(c.path, c)
    d.scope.set_workdir(path)
    return build.WorkdirStep(c.origin, d.scope.workdir, not path.startswith("/"))


def _user(d: Dispatch, c: ins.User) -> build.Step:
    d.scope.user = d.word(c.user, c)
    return build.UserStep(c.origin, d.scope.user)


def _label(d: Dispatch, c: ins.Label) -> build.Step:
    values = []
    for pair in c.pairs:
        key, value = d.word(pair.key, c), d.word(pair.value, c)
        d.scope.labels[key] = value
        values.append(f"{key}={value}")
    return build.ConfigStep(c.origin, c, tuple(values))


def _command(d: Dispatch, c: ins.Cmd | ins.Entrypoint) -> tuple[str, ...]:
    return c.args if c.exec_form else d.scope.with_shell(" ".join(c.args))


def _cmd(d: Dispatch, c: ins.Cmd) -> build.Step:
    d.scope.cmd = _command(d, c)
    d.scope.cmd_set = True
    return build.ConfigStep(c.origin, c, d.scope.cmd)


def _entrypoint(d: Dispatch, c: ins.Entrypoint) -> build.Step:
    d.scope.entrypoint = _command(d, c) or None
    if not d.scope.cmd_set:
        d.scope.cmd = None
    return build.ConfigStep(c.origin, c, d.scope.entrypoint or ())


def _healthcheck(d: Dispatch, c: ins.Healthcheck) -> build.Step:
    d.scope.health = build.Health(c.test, c.interval, c.timeout, c.start_period, c.start_interval, c.retries)
    return build.ConfigStep(c.origin, c, c.test)


def _expose(d: Dispatch, c: ins.Expose) -> build.Step:
    from d2t.plan import ports

    entries: dict[str, list[str]] = {}
    for port in sorted(c.ports):  # BuildKit sorts them, and so names the first that is wrong; the file's order is kept
        try:
            words = expand_words(port, d.scope.env, d.escape)
        except ExpansionError as error:
            raise PlanProblem(EXPANSION, str(error), c.origin, port) from None
        try:
            entries[port] = [entry for word in words for entry in ([word] if symbols(word) else ports.parse(word))]
        except ports.PortError as error:
            raise PlanProblem(VALUE, str(error), c.origin, port) from None
    found = tuple(dict.fromkeys(entry for port in c.ports for entry in entries[port]))
    d.scope.ports.update(found)
    return build.ConfigStep(c.origin, c, found)


def _volume(d: Dispatch, c: ins.Volume) -> build.Step:
    paths = []
    for path in c.paths:
        value = d.word(path, c)
        if not value:
            raise PlanProblem(VALUE, "VOLUME specified can not be an empty string", c.origin, path)
        paths.append(value)
    d.scope.volumes.update(paths)
    return build.ConfigStep(c.origin, c, tuple(paths))


def _stopsignal(d: Dispatch, c: ins.Stopsignal) -> build.Step:
    from d2t.plan import signals

    value = d.word(c.signal, c)
    if not symbols(value) and not signals.valid(value):
        raise PlanProblem(VALUE, f"invalid signal: {value}", c.origin, c.signal)
    d.scope.stop_signal = value
    return build.ConfigStep(c.origin, c, (value,))


def _shell(d: Dispatch, c: ins.Shell) -> build.Step:
    d.scope.shell = c.argv
    return build.ConfigStep(c.origin, c, c.argv)


def _onbuild(d: Dispatch, c: ins.Onbuild) -> build.Step:
    d.scope.onbuild.append(c.expression)
    return build.ConfigStep(c.origin, c, (c.expression,))


def _maintainer(d: Dispatch, c: ins.Maintainer) -> build.Step:
    return build.ConfigStep(c.origin, c, (c.name,))


def _copy(d: Dispatch, c: ins.Copy | ins.Add) -> build.Step:
    from d2t.plan import copying

    source = d.stage.sources.get(id(c))
    owner, mode = d.word(c.chown, c), copying.mode(d.word(c.chmod, c), c.origin)
    checksum = d.word(c.checksum, c) if isinstance(c, ins.Add) else ""
    words = [d.word(text, c) for text in c.sources]
    dest = d.word(c.dest, c)
    if isinstance(source, Stage) and source.index not in d.dispatched:
        name = c.from_ if isinstance(c, ins.Copy) else ""
        raise PlanProblem(
            STAGE,
            f'cannot copy from stage "{name}", it needs to be defined before current stage "{d.stage.name}"',
            c.origin,
            name,
        )
    return copying.step(c, words, dest, owner, mode, checksum, source, d.scope, d.triggered)


_DISPATCH: Mapping[type, Callable[[Dispatch, Any], build.Step]] = {
    ins.Add: _copy,
    ins.Arg: _arg,
    ins.Cmd: _cmd,
    ins.Copy: _copy,
    ins.Entrypoint: _entrypoint,
    ins.Env: _env,
    ins.Expose: _expose,
    ins.Healthcheck: _healthcheck,
    ins.Label: _label,
    ins.Maintainer: _maintainer,
    ins.Onbuild: _onbuild,
    ins.Run: _run,
    ins.Shell: _shell,
    ins.Stopsignal: _stopsignal,
    ins.User: _user,
    ins.Volume: _volume,
    ins.Workdir: _workdir,
}
