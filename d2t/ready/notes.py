"""What there is to say about readiness, as data; `d2t.rules` has the texts."""

from enum import StrEnum
from typing import NamedTuple

DEFAULT_SHELL = ("/bin/sh", "-c")
HEALTHCHECK = "HEALTHCHECK"


class Kind(StrEnum):
    """What a note is about. Behind each: what the note's `subject` and `detail` hold."""

    NO_HINT = "no-hint"  # detail: the milliseconds that are waited instead
    BAD_HINT = "bad-hint"  # subject: where it stands; detail: what is wrong with it
    NONE = "none"  # the check is switched off. subject: HEALTHCHECK or the compose file's
    NO_CHECK = "no-check"  # a check without a command, or of an unknown type. subject: as NONE; detail: its words
    NOT_USED = "not-used"  # an earlier hint wins. subject: the check that is not used; detail: the hint that is
    RAW = "raw"  # no helper of the SDK says the same. subject: as NONE; detail: why
    STATUS_200 = "status-200"  # the helper waits for 200, the check takes more. subject: curl or wget
    DEV_TCP = "dev-tcp"  # /bin/sh is rarely a bash, and only bash has /dev/tcp. subject: the shell
    ALWAYS = "always"  # the check cannot fail. subject: as NONE
    NEVER = "never"  # the check cannot pass. subject: as NONE
    ABSENT_TOOL = "absent-tool"  # subject: the tool; detail: the package that has it, on Debian
    MAYBE_ABSENT_TOOL = "maybe-absent-tool"  # the same, of a base image that is not known
    EXPOSE = "expose"  # EXPOSE says which port to wait for. subject: the port
    SEVERAL_PORTS = "several-ports"  # subject: the port that is waited for; detail: the others, comma-separated
    NO_TCP_PORT = "no-tcp-port"  # EXPOSE has no TCP port, so it is no hint. detail: its ports, comma-separated
    EXPOSE_UNUSED = "expose-unused"  # nothing is started, so no port will open. subject: the port
    NO_START = "no-start"  # a ready command without a start command. subject: where the hint stands


class Note(NamedTuple):
    """One remark. `Kind` says what the texts are."""

    kind: Kind
    subject: str = ""
    detail: str = ""
