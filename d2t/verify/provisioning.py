"""What is left out of a comparison, each with its reason. The rest of what the service adds is not listed but measured.

The control is the empty template (`FROM base` and nothing else) built by the same service: a path or a variable that
the Dockerfile leaves as the base has it, and the service as the control has it, is the service's own doing. The entries
below are for what a subtraction cannot settle: paths that both the service and the Dockerfile write.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Paths (fnmatch patterns; `*` also matches `/`) that are not compared."""

    patterns: tuple[str, ...]
    reason: str

    def covers(self, path: str) -> bool:
        return any(fnmatchcase(path, pattern) for pattern in self.patterns)


PATHS = (
    LeftOut(("/dev", "/dev/*", "/proc", "/proc/*", "/sys", "/sys/*"), "mounts of whatever runs the image"),
    LeftOut(
        ("/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/etc/mtab", "/.dockerenv", "/run/.containerenv"),
        "written by whatever runs the container",
    ),
    LeftOut(
        (
            "/etc/passwd-",
            "/etc/group-",
            "/etc/shadow-",
            "/etc/gshadow-",
            "/etc/subuid-",
            "/etc/subgid-",
            "/etc/.pwd.lock",
        ),
        "the account tools' copy of the state before the last change; provisioning makes changes of its own",
    ),
    LeftOut(
        ("/var/log/lastlog", "/var/log/faillog", "/var/log/tallylog"),
        "indexed by uid: their length depends on the users that provisioning makes",
    ),
    LeftOut(
        ("/etc/ld.so.cache", "/var/cache/ldconfig/aux-cache"),
        "ldconfig's cache holds times and inodes",
    ),
    LeftOut(("/.e2b",), "the service's note of the build's id (E2B: phases/finalize/configure.sh)"),
    LeftOut(("/etc/profile.d/*-d2t-*.sh",), "d2t's own: the file that shows ENV to later login shells"),
)

ACCOUNTS = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid")
"""Compared entry by entry: the service makes users of its own before the first step."""

LINES = ("/etc/profile", "/root/.bashrc", "/etc/sudoers", "/etc/sysctl.conf", "/etc/ssh/sshd_config")
"""Compared by lines, without those that provisioning appends (E2B: phases/base/provision.sh, finalize/configure.sh)."""

PACKAGES = LeftOut(
    (
        "/var/lib/dpkg/*",
        "/var/lib/apt/*",
        "/var/log/dpkg.log",
        "/var/log/apt/*",
        "/var/log/alternatives.log",
        "/etc/alternatives/*",
        "/lib/apk/db/*",
        "/var/lib/rpm/*",
        "/usr/lib/sysimage/rpm/*",
        "/var/lib/dnf/*",
    ),
    "the package manager's records, where provisioning installed packages too",
)

VARIABLES = {
    "HOSTNAME": "Docker gives each container its own",
    "_": "the shell's note of the last command",
    "OLDPWD": "the shell's note of the last folder",
    "SHLVL": "counts shells",
    "container": "Podman's note that this is a container",
}
"""Variables that are not compared, with the reason."""


def left_out(path: str) -> str:
    """Why a path is not compared; "" when it is."""
    return next((entry.reason for entry in PATHS if entry.covers(path)), "")


def keeps_content(path: str) -> bool:
    """Whether a snapshot must hold the content of this path, not only its hash."""
    return path in ACCOUNTS or path in LINES
