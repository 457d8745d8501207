"""/etc/passwd and its kin, compared entry by entry without the users that the service makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from d2t.verify.provisioning import ACCOUNTS
from d2t.verify.state import Entry

# Fields that say nothing about sameness, by file and column (the name is column 0).
_BLANKED = {
    "/etc/shadow": 2,  # shadow(5): the day of the last change, a time
    "/etc/subuid": 1,  # subuid(5): ranges are given out one after another, the first one to the service's own user
    "/etc/subgid": 1,
}
_MEMBERS = {"/etc/group": (3,), "/etc/gshadow": (2, 3)}  # comma-separated names
_HASHED = ("/etc/shadow", "/etc/gshadow")  # a hash that begins with "$" holds a random salt

Accounts = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Added:
    """What provisioning does to the account files: entries before and after, by file."""

    before: Mapping[str, Accounts]
    after: Mapping[str, Accounts]

    @classmethod
    def between(cls, base: Mapping[str, Entry], control: Mapping[str, Entry]) -> Added:
        """From the base image's files and the empty template's."""

        def read(files: Mapping[str, Entry]) -> dict[str, Accounts]:
            return {path: parse(path, files[path].content) if path in files else {} for path in ACCOUNTS}

        return cls(read(base), read(control))

    def renumbered(self, passwd: bytes | None) -> dict[int, int]:
        """Ids of provisioning's users in this /etc/passwd, to their ids in the control.

        They get the next free ids: others than in the control where the Dockerfile makes users of its own.
        """
        found = {}
        for name, fields in parse("/etc/passwd", passwd).items():
            if self.is_new("/etc/passwd", name):
                known = self.after["/etc/passwd"][name]
                found.update({int(new): int(old) for new, old in zip(fields[2:4], known[2:4], strict=False)})
        return found

    def is_new(self, path: str, name: str) -> bool:
        """Whether provisioning brings this entry in."""
        return name in self.after.get(path, {}) and name not in self.before.get(path, {})


def parse(path: str, content: bytes | None) -> dict[str, tuple[str, ...]]:
    """The entries of an account file by name."""
    found = {}
    for line in (content or b"").decode("utf-8", "surrogateescape").splitlines():
        fields = line.split(":")
        blank = _BLANKED.get(path)
        if blank is not None and blank < len(fields):
            fields[blank] = ""
        if path in _HASHED and len(fields) > 1 and fields[1].startswith("$"):
            fields[1] = "$"
        found[fields[0]] = tuple(fields)
    return found


def differences(path: str, docker: bytes, service: bytes, added: Added) -> Iterator[tuple[str, str, str]]:
    """(name, Docker's entry, the service's) for each entry that differs. Order in the file does not count."""
    left, right = parse(path, docker), parse(path, service)
    for name in sorted(left.keys() | right.keys()):
        ours, theirs = left.get(name), right.get(name)
        if ours is None and added.is_new(path, name):
            continue
        if ours is not None and theirs is not None:
            theirs = _subtract(path, name, ours, theirs, added)
        if ours != theirs:
            yield name, ":".join(ours or ()), ":".join(theirs or ())


def _subtract(path: str, name: str, ours: tuple[str, ...], theirs: tuple[str, ...], added: Added) -> tuple[str, ...]:
    """The service's entry without what provisioning changed in it."""
    before, after = added.before.get(path, {}).get(name, ()), added.after.get(path, {}).get(name, ())
    fields = list(theirs)
    if path == "/etc/shadow" and added.is_new("/etc/passwd", name) and theirs[1:2] == after[1:2]:
        fields[1] = ours[1]  # the service empties its user's password at the end, also of a user that it did not make
    for column, field in enumerate(fields):
        if column >= len(ours) or column >= len(before) or column >= len(after):
            break
        if column in _MEMBERS.get(path, ()):
            known = ours[column].split(",")
            members = [m for m in field.split(",") if m in known or not added.is_new("/etc/passwd", m)]
            fields[column] = ",".join(members)
        elif ours[column] == before[column] and field == after[column]:
            fields[column] = ours[column]
    return tuple(fields)
