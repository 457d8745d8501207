"""Healthchecks and what they become."""

from __future__ import annotations

import pytest

from d2t.ready import Kind
from d2t.ready.check import from_healthcheck, in_bash
from d2t.template import (
    Ready,
    ReadyCommand,
    WaitForFile,
    WaitForPort,
    WaitForProcess,
    WaitForTimeout,
    WaitForUrl,
)

BASH = ("/bin/bash", "-c")
ENV = {"PORT": "8080", "HOST": "localhost", "EMPTY": "", "WORDS": "a b", "SYMBOLIC": "\ue000PATH\ue001"}


def ready_of(script: str, shell: tuple[str, ...] = ("/bin/sh", "-c")) -> Ready | None:
    return from_healthcheck(["CMD-SHELL", script], shell=shell, env=ENV)[0]


HEALTH = WaitForUrl("http://localhost:8080/health")
URLS = [
    # the usual
    ("curl -f http://localhost:8080/health", HEALTH),
    ("curl -f http://localhost:8080/health || exit 1", HEALTH),
    ("curl --fail http://localhost:8080/health || exit 1", HEALTH),
    ("curl http://localhost:8080/health -f || exit 1", HEALTH),
    ("curl -fsS http://localhost:8080/health", HEALTH),
    ("curl -fSs -o /dev/null http://localhost:8080/health", HEALTH),
    ("curl -fsSo/dev/null http://localhost:8080/health", HEALTH),
    ("curl -fsSo /dev/null http://localhost:8080/health", HEALTH),
    ("curl -fso - http://localhost:8080/health", HEALTH),
    ("curl --fail --silent --show-error --max-time 3 http://localhost:8080/health", HEALTH),
    ("curl -f -m3 --connect-timeout 2.5 http://localhost:8080/health", HEALTH),
    ("curl -sf --retry 5 --retry-delay 1 --retry-connrefused http://localhost:8080/health", HEALTH),
    ("curl -sfw '%{http_code}' http://localhost:8080/health", HEALTH),
    ("curl -sf -X GET http://localhost:8080/health", HEALTH),
    ("curl --fail-with-body -s http://localhost:8080/health", HEALTH),
    ("/usr/bin/curl -f http://localhost:8080/health", HEALTH),
    ("timeout 5 curl -f http://localhost:8080/health", HEALTH),
    ("timeout -s KILL -k 2 5s curl -f http://localhost:8080/health", HEALTH),
    ("timeout -t 5 curl -f http://localhost:8080/health", HEALTH),
    # what stands around it
    ("curl -f http://localhost:8080/health || false", HEALTH),
    ("curl -f http://localhost:8080/health || exit 2", HEALTH),
    ("curl -f http://localhost:8080/health && exit 0 || exit 1", HEALTH),
    ("curl -f http://localhost:8080/health; exit $?", HEALTH),
    ("curl -f http://localhost:8080/health;", HEALTH),
    ("curl -f http://localhost:8080/health > /dev/null 2>&1 || exit 1", HEALTH),
    ("curl -f http://localhost:8080/health >/dev/null 2>/dev/null || exit 1", HEALTH),
    ("</dev/null curl -f http://localhost:8080/health", HEALTH),
    ("curl -f http://localhost:8080/health || (echo unhealthy >&2; exit 1)", HEALTH),
    ("curl -f http://localhost:8080/health || { echo unhealthy; exit 1; }", HEALTH),
    ("(curl -f http://localhost:8080/health) || exit 1", HEALTH),
    ("set -e; curl -f http://localhost:8080/health", HEALTH),
    ("set -e; curl -f http://localhost:8080/health; exit 0", HEALTH),
    ("set -e; (curl -f http://localhost:8080/health && true); exit 0", HEALTH),
    ("set -eux\ncurl -f http://localhost:8080/health\n", HEALTH),
    ("echo checking && curl -f http://localhost:8080/health", HEALTH),
    ("curl -f \\\n  http://localhost:8080/health \\\n  || exit 1", HEALTH),
    ("curl -f http://localhost:8080/health ||\n exit 1", HEALTH),
    ("sh -c 'curl -f http://localhost:8080/health || exit 1'", HEALTH),
    ('/bin/bash -lc "curl -f http://localhost:8080/health" || exit 1', HEALTH),
    ("bash -ec 'curl -f http://localhost:8080/health; true'", HEALTH),
    # the address
    ("curl -f 'http://localhost:8080/health'", HEALTH),
    ('curl -f "http://localhost:8080/health"', HEALTH),
    ("curl -f localhost:8080/health", HEALTH),
    ("curl -f http://localhost", WaitForUrl("http://localhost")),
    ("curl -f http://127.0.0.1:80/", WaitForUrl("http://127.0.0.1:80/")),
    ("curl -f http://127.1.2.3:80/", WaitForUrl("http://127.1.2.3:80/")),
    ("curl -f http://0.0.0.0:80/", WaitForUrl("http://0.0.0.0:80/")),
    ("curl -f http://[::1]:80/", WaitForUrl("http://[::1]:80/")),
    ("curl -f HTTPS://LOCALHOST/", None),
    ("curl -f https://localhost/", WaitForUrl("https://localhost/")),
    ("curl -f 'http://localhost/health?full=1&x=a%20b'", WaitForUrl("http://localhost/health?full=1&x=a%20b")),
    ("curl -f http://localhost/health?full=1", WaitForUrl("http://localhost/health?full=1")),
    # variables
    ("curl -f http://localhost:$PORT/health", HEALTH),
    ("curl -f http://localhost:${PORT}/health", HEALTH),
    ("curl -f http://${HOST}:${PORT:-9000}/health", HEALTH),
    ('curl -f "http://$HOST:$PORT/health"', HEALTH),
    ("curl -f http://localhost:${EMPTY:-8080}/health", HEALTH),
    ("curl -f http://localhost:$UNKNOWN/health", None),
    ("curl -f http://localhost:${UNKNOWN:-8080}/health", None),  # the base image may set it
    ("curl -f http://localhost/$WORDS", None),
    ("curl -f http://localhost/$SYMBOLIC", None),
    ("curl -f http://localhost/$EMPTY", None),
    ("curl -f http://localhost:'$PORT'/", None),
    ("curl -f http://localhost:\\$PORT/", None),
    ("curl -f http://$(hostname)/", None),
    ("curl -f http://`hostname`/", None),
    ("curl -f http://localhost/${PORT%0}", None),
    # another question than wait_for_url asks
    ("curl http://localhost:8080/health", None),  # any status will do
    ("curl -s http://localhost:8080/health || exit 1", None),
    ("curl -kf https://localhost/", None),
    ("curl --insecure -f https://localhost/", None),
    ("curl -fL http://localhost/", None),
    ("curl -fsSL http://localhost/", None),
    ("curl -f -X POST http://localhost/", None),
    ("curl -f -XHEAD http://localhost/", None),
    ("curl -fI http://localhost/", None),
    ("curl -f -H 'Host: example.org' http://localhost/", None),
    ("curl -f -u me:secret http://localhost/", None),
    ("curl -f http://me:secret@localhost/", None),
    ("curl -f http://localhost@example.org/", None),
    ("curl -f http://localhost:80@example.org/", None),
    ("curl -f -d '{}' http://localhost/", None),
    ("curl -f --unix-socket /run/docker.sock http://localhost/", None),
    ("curl -f -o /tmp/out http://localhost/", None),
    ("curl -f --max-time=3 http://localhost/", None),  # curl takes no `=`
    ("curl -f --max-time", None),
    ("curl -f --silen http://localhost/", None),
    ("curl -f http://localhost/a http://localhost/b", None),
    ("curl -f", None),
    ("curl -f http://example.org/", None),
    ("curl -f http://db:8080/", None),
    ("curl -f http://localhost.example.org/", None),
    ("curl -f http://127.0.0.1.example.org/", None),
    ("curl -f http://1270.0.0.1/", None),
    ("curl -f http://localhost:0/", None),
    ("curl -f http://localhost:65536/", None),
    ("curl -f http://localhost/{a,b}", None),
    ("curl -f 'http://localhost/[1-3]'", None),
    ("curl -f telnet://localhost:80", None),
    ("curl -f file:///etc/passwd", None),
    ("curl -f 'http://localhost/a b'", None),
    ("./curl -f http://localhost/", None),
    ("/opt/bin/curl -f http://localhost/", None),
    ("curl -f http://localhost/ | grep ok", None),
    ('curl -sf http://localhost/ | grep -q \'"status":"ok"\' || exit 1', None),
    ("test \"$(curl -s -o /dev/null -w '%{http_code}' http://localhost/)\" = 204", None),
    ("curl -f http://localhost/a && curl -f http://localhost/b", None),
    ("curl -f http://localhost/ || kill 1", None),
    ("curl -f http://localhost/ & wait", None),
    ("! curl -f http://localhost/", None),
    ("if curl -f http://localhost/; then exit 0; else exit 1; fi", None),
    ("curl -f http://localhost/ > /tmp/log", None),
    ("curl -f http://localhost/ &> /dev/null", None),  # sh: runs in the background
    ("NO_PROXY=* curl -f http://localhost/", None),
    ("curl -f http://localhost/ # comment", None),
    ("curl -f ~/x", None),
    ("sudo curl -f http://localhost/", None),
    ("timeout 5", None),
    ("timeout --foreground 5 curl -f http://localhost/", None),
    ("sh -c curl -f http://localhost/", None),
    ("sh /check.sh", None),
]
WGET = [
    ("wget -qO- http://localhost:8080/health", HEALTH),
    ("wget -q -O - http://localhost:8080/health || exit 1", HEALTH),
    ("wget -q -O /dev/null http://localhost:8080/health || exit 1", HEALTH),
    ("wget -qO /dev/null localhost:8080/health", HEALTH),
    ("wget --quiet --output-document=/dev/null http://localhost:8080/health", HEALTH),
    ("wget --no-verbose --tries=1 --timeout 3 -O - http://localhost:8080/health", HEALTH),
    ("wget -nv -t1 -T 3 -O- http://localhost:8080/health", HEALTH),
    ("wget http://localhost:8080/health", HEALTH),
    ("wget --no-verbose --tries=1 --spider http://localhost:8080/health || exit 1", None),  # HEAD
    ("wget -q --spider http://localhost:8080/health", None),
    ("wget --no-check-certificate -qO- https://localhost/", None),
    ("wget --header='Host: a' -qO- http://localhost/", None),
    ("wget --post-data=a -qO- http://localhost/", None),
    ("wget -O /tmp/x http://localhost/", None),
    ("wget -qO- http://localhost/ | grep ok", None),
    ("wget --quiet=1 http://localhost/", None),
    ("wget -qO- http://example.org/", None),
    ("wget -i /urls", None),
]
PORTS = [
    ("nc -z localhost 5432", WaitForPort(5432)),
    ("nc -z localhost 5432 || exit 1", WaitForPort(5432)),
    ("nc -vz 127.0.0.1 5432", WaitForPort(5432)),
    ("nc -zvw3 0.0.0.0 5432", WaitForPort(5432)),
    ("nc -w 3 -z ::1 5432", WaitForPort(5432)),
    ("nc -zn 127.0.0.1 $PORT", WaitForPort(8080)),
    ("netcat -z localhost 5432", WaitForPort(5432)),
    ("/bin/nc -z localhost 5432 > /dev/null", WaitForPort(5432)),
    ("timeout 2 bash -c '</dev/tcp/localhost/5432'", WaitForPort(5432)),
    ("bash -c ': > /dev/tcp/localhost/5432' || exit 1", WaitForPort(5432)),
    ("bash -c 'exec 3<>/dev/tcp/127.0.0.1/5432'", WaitForPort(5432)),
    ("bash -c 'cat < /dev/null > /dev/tcp/127.0.0.1/5432'", WaitForPort(5432)),
    ('bash -c "echo > /dev/tcp/localhost/$PORT"', WaitForPort(8080)),
    ("(echo > /dev/tcp/localhost/80) >/dev/null 2>&1 || exit 1", WaitForPort(80)),
    ("echo > /dev/tcp/localhost/80", WaitForPort(80)),
    ("nc localhost 5432", None),
    ("nc -zu localhost 53", None),
    ("nc -z localhost 80 443", None),
    ("nc -z localhost 80-90", None),
    ("nc -z localhost http", None),
    ("nc -z db 5432", None),
    ("nc -z 5432", None),
    ("nc -z -w localhost 5432", None),
    ("nc -z localhost 0", None),
    ("nc -z localhost 80 && nc -z localhost 443", None),
    ("echo ruok | nc localhost 2181", None),
    ("bash -c '</dev/tcp/db/5432'", None),
    ("bash -c '</dev/udp/localhost/53'", None),
    ("bash -c '</dev/tcp/localhost/99999'", None),
    ("bash -c 'cat </dev/tcp/localhost/80'", None),
    ("bash -c 'exec 3<>/dev/tcp/localhost/80; echo x >&3; cat <&3'", None),
    ("bash -c '</dev/tcp/localhost/80 </dev/tcp/localhost/81'", None),
    ("ss -ltn | grep :80", None),
]
OTHERS = [
    ("test -f /tmp/ready", WaitForFile("/tmp/ready")),
    ("[ -f /tmp/ready ]", WaitForFile("/tmp/ready")),
    ("[ -f '/tmp/is ready' ] || exit 1", WaitForFile("/tmp/is ready")),
    ("/usr/bin/test -f /tmp/ready", WaitForFile("/tmp/ready")),
    ("[ -f /tmp/ready ", None),
    ("test -f ready", None),
    ("test -e /tmp/ready", None),
    ("test -s /tmp/ready", None),
    ("test -S /run/app.sock", None),
    ("test ! -f /tmp/starting", None),
    ("test -f /tmp/*.pid", None),
    ("test -f /tmp/a && test -f /tmp/b", None),
    ("[ -f /tmp/a -a -f /tmp/b ]", None),
    ("[[ -f /tmp/ready ]]", None),
    ("( (test -f /tmp/ready) )", WaitForFile("/tmp/ready")),
    ("((test -f /tmp/ready))", None),  # arithmetic to bash
    ("cat /tmp/ready", None),
    ("pgrep nginx", WaitForProcess("nginx")),
    ("pgrep nginx > /dev/null || exit 1", WaitForProcess("nginx")),
    ("pgrep -l nginx", WaitForProcess("nginx")),
    ("pgrep '^(nginx|httpd)$'", WaitForProcess("^(nginx|httpd)$")),
    ("pgrep -f 'python app.py'", None),
    ("pgrep -x nginx", None),
    ("pgrep -u www nginx", None),
    ("pgrep ngin*", None),
    ("pgrep ''", None),
    ("pgrep a b", None),
    ("pidof nginx", WaitForProcess("nginx")),
    ("pidof -s nginx || exit 1", WaitForProcess("nginx")),
    ("/bin/pidof nginx", WaitForProcess("nginx")),
    ("pidof -x start.sh", None),
    ("pidof nginx httpd", None),
    ("pidof /usr/sbin/nginx", None),
    ("pidof g++", None),
    ("pidof a-name-of-16-chr", None),
    ("sleep 10", WaitForTimeout(10_000)),
    ("sleep 10s || exit 1", WaitForTimeout(10_000)),
    ("sleep 2m", WaitForTimeout(120_000)),
    ("sleep 0", None),
    ("sleep 0.5", None),
    ("sleep 5 10", None),
    ("sleep infinity", None),
    ("timeout 5 sleep 10", None),
    ("sleep 5 && curl -f http://localhost/", None),
    ("pg_isready -U postgres", None),
    ("redis-cli ping | grep PONG", None),
    ("python -c 'import urllib.request; urllib.request.urlopen(\"http://localhost/\")'", None),
]


@pytest.mark.parametrize(("script", "ready"), [*URLS, *WGET, *PORTS, *OTHERS])
def test_shell_form(script: str, ready: Ready | None) -> None:
    """None: no helper says the same, so the check's own text stays, for its own shell."""
    found = ready_of(script)
    assert found == ready if ready else found == ReadyCommand(in_bash(script))


@pytest.mark.parametrize(
    ("test", "ready"),
    [
        (["curl", "-f", "http://localhost:8080/health"], HEALTH),
        (["/usr/bin/curl", "-f", "http://localhost:8080/health"], HEALTH),
        (["wget", "-qO-", "http://localhost:8080/health"], HEALTH),
        (["nc", "-z", "localhost", "80"], WaitForPort(80)),
        (["bash", "-c", "</dev/tcp/localhost/80"], WaitForPort(80)),
        (["sh", "-c", "curl -f http://localhost:$PORT/health || exit 1"], HEALTH),
        (["test", "-f", "/a b"], WaitForFile("/a b")),
        (["pgrep", "ngin*"], WaitForProcess("ngin*")),  # no shell, no pattern of files
        (["sleep", "3"], WaitForTimeout(3000)),
        (["curl", "-f", "http://localhost:$PORT/"], ReadyCommand("curl -f 'http://localhost:$PORT/'")),
        (["curl", "-f", "http://localhost/", "||", "exit", "1"], ReadyCommand("curl -f http://localhost/ '||' exit 1")),
        (["curl", "-f", "http://localhost/ || exit 1"], ReadyCommand("curl -f 'http://localhost/ || exit 1'")),
        (["[[", "-f", "/a", "]]"], ReadyCommand("'[[' -f /a ']]'")),
        (["/healthcheck", "it's"], ReadyCommand("""/healthcheck 'it'"'"'s'""")),
    ],
)
def test_exec_form(test: list[str], ready: Ready) -> None:
    assert from_healthcheck(["CMD", *test], env=ENV)[0] == ready


@pytest.mark.parametrize(
    ("shell", "script", "ready"),
    [
        (BASH, "[[ -f /tmp/ready ]]", WaitForFile("/tmp/ready")),
        (BASH, "[[ -f /tmp/*.pid ]]", WaitForFile("/tmp/*.pid")),  # no file patterns inside [[ ]]
        (BASH, "curl -f http://localhost:8080/health &>/dev/null", HEALTH),
        (BASH, "curl -f http://localhost:8080/health >& /dev/null", HEALTH),
        (BASH, "pg_isready", ReadyCommand("pg_isready")),
        (BASH, "[[ $A == b* ]]", ReadyCommand("[[ $A == b* ]]")),
        (("/bin/bash", "-o", "pipefail", "-c"), "pgrep nginx", WaitForProcess("nginx")),
        (("/bin/bash", "-eo", "pipefail", "-c"), "pgrep nginx; true", WaitForProcess("nginx")),
        (("/bin/bash", "-o", "pipefail", "-c"), "a | b", ReadyCommand("/bin/bash -o pipefail -c 'a | b'")),
        (("/bin/ash", "-c"), "pgrep nginx", WaitForProcess("nginx")),
        (("/bin/ash", "-c"), "a && b", ReadyCommand("/bin/ash -c 'a && b'")),
        (("/bin/zsh", "-c"), "pgrep nginx", ReadyCommand("/bin/zsh -c 'pgrep nginx'")),
        (("/usr/bin/python3", "-c"), "pgrep", ReadyCommand("/usr/bin/python3 -c pgrep")),
        (("/bin/sh", "-n", "-c"), "pgrep nginx", ReadyCommand("/bin/sh -n -c 'pgrep nginx'")),
    ],
)
def test_shell_of_the_image(shell: tuple[str, ...], script: str, ready: Ready) -> None:
    assert ready_of(script, shell) == ready


@pytest.mark.parametrize(
    "script",
    [
        "pg_isready -U postgres || exit 1",
        "redis-cli ping | grep -q PONG",
        "mysqladmin ping -h localhost -p$MYSQL_ROOT_PASSWORD",
        "/healthcheck.sh",
        'python -c "import app"',
        "curl -s http://localhost:${PORT:-8080}/ > /dev/null 2>&1 && exit 0 || exit 1",
        "[ -S /run/app.sock ]",
        "{ a || b; } && (c; d)",
    ],
)
def test_what_sh_and_bash_read_alike_stays_as_it_is(script: str) -> None:
    assert in_bash(script) == script


@pytest.mark.parametrize(
    "script",
    [
        'echo "a\\nb" | grep b',
        "echo -e x",
        "[[ -f x ]]",
        "[ a == b ]",
        "source /env && app",
        "curl -f x &> /dev/null",
        "echo {a,b}",
        "a $RANDOM",
        'a "$UID"',
        "echo > /dev/tcp/localhost/80",
        "a $'x'",
        "read x",
        "eval 'echo {a,b}'",
        "test $(id -u) = 0",
    ],
)
def test_the_rest_is_run_by_sh(script: str) -> None:
    import shlex

    assert shlex.split(in_bash(script)) == ["/bin/sh", "-c", script]


def test_the_wrapper_is_the_callers() -> None:
    seen: list[str] = []

    def wrap(script: str) -> str:
        seen.append(script)
        return "wrapped"

    assert from_healthcheck(["CMD-SHELL", "pg_isready"], wrap=wrap)[0] == ReadyCommand("wrapped")
    assert from_healthcheck(["CMD", "pg_isready"], wrap=wrap)[0] == ReadyCommand("pg_isready")  # it has no shell
    assert seen == ["pg_isready"]


def test_a_complete_environment_lets_defaults_count() -> None:
    test = ["CMD-SHELL", "curl -f http://localhost:${PORT:-8080}/health"]
    assert from_healthcheck(test, env={}, env_complete=True)[0] == HEALTH
    assert from_healthcheck(test, env={"PORT": "90"}, env_complete=True)[0] == WaitForUrl("http://localhost:90/health")
    assert isinstance(from_healthcheck(test, env={})[0], ReadyCommand)


@pytest.mark.parametrize("test", [[], [""]])
def test_no_check(test: list[str]) -> None:
    assert from_healthcheck(test) == (None, ())


@pytest.mark.parametrize(
    ("test", "kind"),
    [
        (["NONE"], Kind.NONE),
        (["CMD"], Kind.NO_CHECK),
        (["CMD-SHELL"], Kind.NO_CHECK),
        (["CMD-SHELL", "  "], Kind.NO_CHECK),
        (["curl", "-f", "http://localhost/"], Kind.NO_CHECK),
    ],
)
def test_no_check_with_a_note(test: list[str], kind: Kind) -> None:
    ready, notes = from_healthcheck(test)
    assert (ready, [note.kind for note in notes]) == (None, [kind])


@pytest.mark.parametrize(
    ("script", "kind", "said"),
    [
        ("curl -f http://localhost/", Kind.STATUS_200, "curl"),
        ("wget -qO- http://localhost/", Kind.STATUS_200, "wget"),
        ("echo > /dev/tcp/localhost/80", Kind.DEV_TCP, "sh"),
        ("true", Kind.ALWAYS, ""),
        ("exit 0", Kind.ALWAYS, ""),
        ("curl -f http://localhost/ || exit 0", Kind.ALWAYS, ""),
        ("curl -f http://localhost/ || true", Kind.ALWAYS, ""),
        ("curl -f http://localhost/ || echo unhealthy", Kind.ALWAYS, ""),
        ("curl -f http://localhost/; exit 0", Kind.ALWAYS, ""),
        ("set -e; curl -f http://localhost/ && true; exit 0", Kind.ALWAYS, ""),  # -e looks at a chain's last command
        ("set -e; { curl -f http://localhost/ && true; }; exit 0", Kind.ALWAYS, ""),
        ("set -e; { curl -f http://localhost/; exit 0; } || exit 1", Kind.ALWAYS, ""),
        ("exit 1", Kind.NEVER, ""),
        ("/bin/false", Kind.NEVER, ""),
        ("curl -f http://localhost/ && exit 1", Kind.NEVER, ""),
        ("curl -f http://localhost/ && exit 1 || exit 0", Kind.RAW, "it succeeds when its command fails"),
        ("curl http://localhost/", Kind.RAW, "`curl` without `-f` takes any answer, also 404 and 500"),
        ("curl -fk https://localhost/", Kind.RAW, "`-k` accepts any certificate"),
        ("curl -fL http://localhost/", Kind.RAW, "`-L` follows redirects"),
        ("curl -f -X POST http://localhost/", Kind.RAW, "`-X POST` sends another method than GET"),
        ("curl -f --http2 http://localhost/", Kind.RAW, "`--http2` is an option of `curl` that no helper has"),
        ("curl -f http://db/", Kind.RAW, "`db` is not this machine"),
        ("curl -f http://localhost:$X/", Kind.RAW, "the value of `$X` is not known before the build"),
        ("curl -f http://localhost/ | grep ok", Kind.RAW, "it pipes output into another command"),
        ("curl -f http://localhost/ && pgrep a", Kind.RAW, "it runs several commands: `curl`, `pgrep`"),
        ("wget --spider http://localhost/", Kind.RAW, "`--spider` sends HEAD, and `wait_for_url` sends GET"),
        ("pg_isready", Kind.RAW, "no helper does what `pg_isready` does"),
        ("test -e /x", Kind.RAW, "`test` tests something else than `-f` of one file"),
        ("pgrep -f x", Kind.RAW, "`pgrep` is given something else than one pattern"),
        ("a\nb", Kind.RAW, "it runs several commands: `a`, `b`"),
        ("a; ; b", Kind.RAW, "`;` is not expected there"),
        ("'", Kind.RAW, "a quote is not closed"),
    ],
)
def test_notes(script: str, kind: Kind, said: str) -> None:
    (note,) = from_healthcheck(["CMD-SHELL", script])[1]
    assert note.kind is kind
    assert said in (note.subject, note.detail) if said else note.subject == "HEALTHCHECK"


@pytest.mark.parametrize("script", ["nc -z localhost 80", "test -f /a", "pgrep a", "sleep 3"])
def test_the_same_question_needs_no_note(script: str) -> None:
    assert from_healthcheck(["CMD-SHELL", script])[1] == ()
