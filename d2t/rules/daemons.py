"""Commands that start a daemon and end at once."""

from __future__ import annotations

import re

_ALWAYS = frozenset("start-stop-daemon pg_ctlcluster mysqld_safe dockerd containerd".split())


def starts_daemon(words: tuple[str, ...]) -> bool:
    """Whether a command is known to leave a daemon behind, unless that one's own configuration says otherwise."""
    name, args = words[0].rsplit("/", 1)[-1], words[1:]
    if words[0].startswith("/etc/init.d/"):
        return args[:1] in (("start",), ("restart",))
    match name:
        case "service" | "invoke-rc.d":
            return len(args) > 1 and args[1] in ("start", "restart")
        case "nginx":
            return not args
        case "apachectl" | "apache2ctl":
            return bool(args) and args[-1] in ("start", "restart", "graceful")
        case "sshd":
            return not any(re.match(r"-[A-Za-z]*[DdiTt]", arg) for arg in args)
        case "cron":
            return not args
        case "redis-server":
            return "--daemonize yes" in " ".join(args)
        case "mongod":
            return "--fork" in args
        case "pg_ctl":
            return "start" in args
        case "mysqld":
            return "--daemonize" in args
    return False


def is_daemon(words: tuple[str, ...]) -> bool:
    """The same, and programs that are daemons themselves: they do not end, and in a RUN are put into the background."""
    return starts_daemon(words) or words[0] in _ALWAYS
