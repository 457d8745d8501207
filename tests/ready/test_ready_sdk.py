"""What `d2t.ready` takes the SDK's ready helpers to run."""

from __future__ import annotations

import re

from e2b import wait_for_file, wait_for_port, wait_for_process, wait_for_timeout, wait_for_url


def test_the_helpers_run_what_the_checks_are_compared_with() -> None:
    url = wait_for_url("http://localhost/").get_cmd()
    assert re.match(r"curl -s -o /dev/null -w \S+ http://localhost/ \| grep -q ", url)
    assert url.endswith('"200"')
    assert re.search(r"\bss -H?tuln\b", wait_for_port(80).get_cmd())
    assert wait_for_process("a b").get_cmd() in ("pgrep 'a b' > /dev/null", "pgrep a b > /dev/null")
    assert wait_for_file("/a").get_cmd() == "[ -f /a ]"
    assert (wait_for_timeout(2999).get_cmd(), wait_for_timeout(1).get_cmd()) == ("sleep 2", "sleep 1")
