"""What the service makes of a base image before the first step (e2b-dev/infra, phases/base).

As far as it matters to a build: the refused distributions, the packages where the network gives them, what login shells
read, the user `user`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from d2t.local.container import Sandbox
from d2t.local.shell import CommandFailed, Shell

TIMEOUT = 300.0  # seconds; e2b-dev/infra, phases/base/provision.go
DEFAULT_USER = "user"  # e2b-dev/infra, build/config/config.go
REJECTED = ("rhel", "ol", "amzn")  # although their ID_LIKE names a supported family; phases/base/distro

Note = Callable[[str, str], None]
"""Gets a level and a message."""


@dataclass(frozen=True, slots=True)
class Family:
    """A family of distributions: how it installs what the service adds."""

    ids: tuple[str, ...]
    install: str
    packages: tuple[str, ...]  # of the service's list those that commands of a template can tell


FAMILIES = (
    Family(
        ("debian", "ubuntu"),
        "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends",
        ("sudo", "curl", "ca-certificates", "git", "jq", "socat", "iproute2", "iptables", "less", "iputils-ping"),
    ),
    Family(
        ("fedora", "centos", "rocky", "almalinux"),
        "dnf -y install --allowerasing",
        ("bash", "tar", "shadow-utils", "passwd", "sudo", "curl", "ca-certificates", "git", "jq", "socat", "iproute", "iptables", "less", "iputils"),
    ),
    Family(
        ("arch", "archarm"),
        "pacman -Syu --noconfirm --needed",
        ("bash", "shadow", "sudo", "curl", "ca-certificates", "git", "jq", "socat", "iptables", "less", "iputils"),
    ),
    Family(
        ("alpine",),
        "apk add --no-cache",
        ("bash", "shadow", "sudo", "curl", "ca-certificates", "git", "jq", "socat", "iproute2", "iptables", "less", "iputils"),
    ),
    Family(("nixos",), "", ()),
)  # fmt: skip

TOOLS = {
    "bash": "[ -x /bin/bash ]",
    "useradd": "command -v useradd",
    "usermod": "command -v usermod",
    "passwd": "command -v passwd",
    "getent": "command -v getent",
}
"""What every step or the last phase needs, and how a shell finds it."""

LOGIN_FILES = r"""set -e
mkdir -p /etc/profile.d /root
echo "export SHELL='/bin/bash'" >/etc/profile.d/shell.sh
echo "export PS1='\w \$ '" >/etc/profile.d/prompt.sh
echo "export PS1='\w \$ '" >>/etc/profile
echo "export PS1='\w \$ '" >>/root/.bashrc
echo "if [ -f ~/.bashrc ]; then source ~/.bashrc; fi; if [ -f ~/.profile ]; then source ~/.profile; fi" >>/etc/profile
rm -rf /etc/machine-id
if [ -f /etc/passwd ] && command -v passwd >/dev/null; then passwd -d root; fi"""

ADMIN = """for group in sudo wheel; do
  if getent group $group >/dev/null; then usermod -aG $group {user}; break; fi
done
passwd -d {user}
if [ -f /etc/sudoers ] && ! grep -q '^{user} ALL=(ALL:ALL) NOPASSWD: ALL' /etc/sudoers; then
  echo '{user} ALL=(ALL:ALL) NOPASSWD: ALL' >>/etc/sudoers
fi"""

VERSION = hashlib.sha256("".join((LOGIN_FILES, ADMIN, repr(FAMILIES))).encode()).hexdigest()
"""Part of the name under which a provisioned base is kept."""


def provision(sandbox: Sandbox, shell: Shell, os_ids: Sequence[str], note: Note) -> None:
    """Make a base of what the image holds. Raises CommandFailed when the service would refuse the image."""
    family = _family(sandbox, os_ids, note)
    _packages(sandbox, family, note)
    done = sandbox.call(LOGIN_FILES, timeout=TIMEOUT)
    if done.code:
        raise CommandFailed(f"provisioning failed: {done.stderr.decode('utf-8', 'replace').strip()}", done.code)
    absent = [tool for tool, there in TOOLS.items() if sandbox.call(there).code]
    if absent:
        why = "containers have no network here" if sandbox.network == "none" else "installing them failed"
        raise CommandFailed(f"the image lacks {', '.join(absent)}, which the service installs: {why}")
    make_user(shell, DEFAULT_USER)


def make_user(shell: Shell, name: str) -> None:
    """Create a user unless it exists, and let it become root. Raises CommandFailed."""
    try:
        shell.run(f"id -u {name}")
    except CommandFailed:
        shell.run(f"useradd --create-home --shell /bin/bash {name}")
    shell.run(ADMIN.format(user=name))


def _family(sandbox: Sandbox, os_ids: Sequence[str], note: Note) -> Family:
    found = sandbox.call('. /etc/os-release && printf "%s\\n%s" "${ID:-unknown}" "${ID_LIKE:-}"')
    if found.code:
        raise CommandFailed("unsupported base image: it has no /etc/os-release")
    own, _, like = found.stdout.decode("utf-8", "replace").partition("\n")
    families = {name: family for family in FAMILIES for name in family.ids if name in os_ids or family.ids[0] in os_ids}
    if own in families:
        return families[own]
    if own not in REJECTED:
        for name in like.split():
            if name in families:
                note("warn", f"the distribution {own!r} is not supported; provisioned as {name!r}, which it is like")
                return families[name]
    raise CommandFailed(f"unsupported base image distribution {own!r}: supported are {', '.join(os_ids)}")


def _packages(sandbox: Sandbox, family: Family, note: Note) -> None:
    wanted = " ".join(family.packages)
    if sandbox.network == "none":
        return  # `execute` says so, also when the provisioned base was kept
    done = sandbox.call(f"{family.install} {wanted}", timeout=TIMEOUT)
    if done.code:
        note("warn", f"Could not install {wanted}, which the service adds: the command ended with {done.code}")
