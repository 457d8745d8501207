"""Commands as the service runs them: a login bash, as a user looked up by name, with the context's variables."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from d2t.local.attach import STDOUT
from d2t.local.channel import TimedOut
from d2t.local.container import DEFAULT_PATH, PIPES, Sandbox

LOGIN_SHELL = ("/bin/bash", "-l", "-c")  # e2b-dev/infra, sandboxtools/command.go
MOST_BYTES = 131072  # of one argument or variable with its end: Linux, MAX_ARG_STRLEN
SETTLE = 0.01  # seconds between looks at a process that has closed its output

Lines = Callable[[str, str], None]
"""Gets each line of output: the stream's name, the text."""


class CommandFailed(Exception):
    """A command that did not end well."""

    def __init__(self, status: str, code: int | None = None, output: tuple[str, ...] = ()) -> None:
        super().__init__(status)
        self.status = status
        self.code = code  # None when it did not start, or did not end
        self.output = output  # its last lines


@dataclass(frozen=True, slots=True)
class Account:
    """A line of the container's /etc/passwd."""

    name: str
    uid: int
    home: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Which build runs commands: what its environment tells them."""

    template_id: str = ""
    sandbox_id: str = "local"


class Shell:
    """Runs login commands in one container, one at a time."""

    def __init__(self, sandbox: Sandbox, identity: Identity, timeout: float) -> None:
        self.sandbox = sandbox
        self._identity = identity
        self._timeout = timeout

    def run(
        self,
        command: str,
        *,
        user: str = "root",
        workdir: str = "",
        env: Mapping[str, str] | None = None,
        lines: Lines | None = None,
        timeout: float = 0.0,
    ) -> str:
        """Run a command to its end, which is when its output is closed; what it printed on its standard output.

        Raises CommandFailed, and what `Channel.call` raises but for TimedOut.
        """
        account, folder = self.where(user, workdir)
        output = Collector(lines)
        variables = self.environment(account, env or {})
        _check(command, variables)
        try:
            if account.uid == 0:
                code = self._as_root(command, folder, variables, output, timeout or self._timeout)
            else:
                code = self._as_user(command, account, folder, variables, output, timeout or self._timeout)
        except TimedOut:
            raise CommandFailed(f"still running after {timeout or self._timeout:g} s", None, output.last()) from None
        output.end()
        if code:
            raise CommandFailed(f"exit status {code}", code, output.last())
        return output.text()

    def environment(self, account: Account, env: Mapping[str, str]) -> dict[str, str]:
        """What a command starts with (e2b-dev/infra, envd, process handler)."""
        variables = {
            "PATH": DEFAULT_PATH,
            "HOME": account.home,
            "USER": account.name,
            "LOGNAME": account.name,
            "E2B_SANDBOX": "true",
            "E2B_SANDBOX_ID": self._identity.sandbox_id,
            "E2B_TEMPLATE_ID": self._identity.template_id,
            **env,
        }
        if "PATH" in env:
            variables["PATH"] += f":{DEFAULT_PATH}"
        return variables

    def account(self, name: str) -> Account:
        """The user with this name. Numbers are names here, too: ids are never looked up. Raises CommandFailed."""
        passwd = self.sandbox.call("cat /etc/passwd").stdout.decode("utf-8", "replace")
        for line in passwd.splitlines():
            fields = line.split(":")
            if len(fields) >= 6 and fields[0] == name and fields[2].isdigit() and fields[3].isdigit():
                return Account(name, int(fields[2]), fields[5])
        raise CommandFailed(f"invalid username: '{name}'")

    def where(self, user: str, workdir: str) -> tuple[Account, str]:
        account = self.account(user)
        folder = workdir or account.home
        if folder == "~" or folder.startswith("~/"):
            folder = account.home + folder[1:]
        if not folder.startswith("/"):
            folder = f"{account.home}/{folder}"
        if self.sandbox.call(f"[ -e {shlex.quote(folder)} ]").code:
            raise CommandFailed(f"cwd '{folder}' does not exist")
        return account, folder

    def _as_root(self, command: str, folder: str, env: Mapping[str, str], output: Collector, timeout: float) -> int:
        argv = shlex.join(["env", "-i", *(f"{name}={value}" for name, value in env.items()), *LOGIN_SHELL, command])
        script = (
            f"cat <{PIPES}/err >&2 & cat <{PIPES}/out & "
            f"( exec 9<&-; cd {shlex.quote(folder)} && exec $(command -v setsid) {argv} ) "
            f"<{PIPES}/in >{PIPES}/out 2>{PIPES}/err; code=$?; wait; (exit $code)"
        )
        return self.sandbox.call(script, output.feed, timeout).code

    def _as_user(
        self, command: str, account: Account, folder: str, env: Mapping[str, str], output: Collector, timeout: float
    ) -> int:
        end = time.monotonic() + timeout
        process = self.start(command, account, folder, env, "")
        self.sandbox.call(reading(""), output.feed, timeout)
        while (code := self.sandbox.exit_code(process)) is None:
            if time.monotonic() > end:
                raise TimedOut
            time.sleep(SETTLE)
        return code

    def start(self, command: str, account: Account, folder: str, env: Mapping[str, str], pipes: str) -> str:
        """Start a command whose output goes to the named pipes that begin with `pipes`. Raises CommandFailed."""
        import docker.errors

        _check(command, env)

        enter = 'exec <"$1/in" >"$1/$2out" 2>"$1/$2err"; : <"$1/$2go"; cd "$3" || exit; unset OLDPWD PWD; shift 3; exec "$@"'
        argv = ["/bin/sh", "-c", enter, "sh", PIPES, pipes, folder, *LOGIN_SHELL, command]
        user = str(account.uid) if account.name.isdigit() else account.name
        try:
            return self.sandbox.spawn(argv, user, env)
        except docker.errors.APIError as error:
            raise CommandFailed(f"error starting process: {error.explanation}") from None


def _check(command: str, env: Mapping[str, str]) -> None:
    """What the kernel takes as an argument or a variable. Raises CommandFailed."""
    for text in (command, *(f"{name}={value}" for name, value in env.items())):
        if len(text.encode("utf-8", "replace")) >= MOST_BYTES:
            raise CommandFailed("error starting process: argument list too long")
        if "\0" in text:
            raise CommandFailed("error starting process: invalid argument")


def reading(pipes: str) -> str:
    """A script that passes on what a command started with `Shell.start` prints.

    The service's pipes belong to root: a command of another user can write to them, but not open them again by
    the names /dev/stdout and /dev/stderr. So these are closed to others once the command has them.
    """
    out, err, go = (f"{PIPES}/{pipes}{name}" for name in ("out", "err", "go"))
    return f"cat <{err} >&2 & cat <{out} & (exec 8>{go}; chmod 600 {out} {err}); wait; chmod 666 {out} {err}"


class Collector:
    """Cuts output into lines, and remembers the last ones."""

    KEPT = 20
    MOST = 1 << 20  # bytes of standard output that are kept: the steps that use them ask for a line

    def __init__(self, lines: Lines | None) -> None:
        self._lines = lines
        self._rest = {"stdout": b"", "stderr": b""}
        self._stdout = bytearray()
        self._last: list[str] = []

    def feed(self, stream: int, chunk: bytes) -> None:
        name = "stdout" if stream == STDOUT else "stderr"
        if stream == STDOUT and len(self._stdout) < self.MOST:
            self._stdout += chunk
        *whole, self._rest[name] = (self._rest[name] + chunk).split(b"\n")
        for line in whole:
            self._line(name, line)

    def end(self) -> None:
        for name, rest in self._rest.items():
            self._line(name, rest)
            self._rest[name] = b""

    def text(self) -> str:
        return self._stdout.decode("utf-8", "replace")

    def last(self) -> tuple[str, ...]:
        self.end()
        return tuple(self._last)

    def _line(self, name: str, raw: bytes) -> None:
        text = raw.decode("utf-8", "replace").strip()
        if text:
            self._last = [*self._last, text][-self.KEPT :]
            if self._lines is not None:
                self._lines(name, text)
