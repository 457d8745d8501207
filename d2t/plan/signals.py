"""STOPSIGNAL's names, as github.com/moby/sys/signal knows them for Linux."""

from __future__ import annotations

import re

from d2t.patterns import deferred

_NAMES = frozenset(
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP "
    "TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX".split()
)
_REALTIME = deferred(r"RT(?:MIN\+(?:[1-9]|1[0-5])|MAX-(?:[1-9]|1[0-4]))\Z")


def valid(text: str) -> bool:
    """Whether Docker takes it for a signal: a number that is not 0, or a name with or without SIG, in any case."""
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return int(text) != 0
    name = text.upper().removeprefix("SIG")
    return name in _NAMES or bool(_REALTIME.match(name))
