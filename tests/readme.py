"""The README's generated parts. `python -m tests.readme` writes them anew."""

from __future__ import annotations

import re
from pathlib import Path

from d2t import providers, transpile
from d2t.diagnostics import Severity
from d2t.lower.options import Context, Entry
from d2t.template import Copy, RunCmd, SetEnvs, SetUser, SetWorkdir

README = Path(__file__).parents[1] / "README.md"

# one Dockerfile for each row; every base is one whose config needs no step
ROWS = {
    "`RUN`": "RUN make",
    "`RUN --mount` cache, tmpfs": "RUN --mount=type=cache,target=/c make",
    "`RUN --mount` secret, ssh, bind": "RUN --mount=type=secret,id=t make",
    "`ENV`": "ENV A=1",
    "`ARG`": "ARG A=1",
    "`WORKDIR`": "WORKDIR /app",
    "`USER`": "RUN useradd --system app\nUSER app",
    "`SHELL`": 'SHELL ["/bin/ash", "-c"]\nRUN make',
    "`CMD`, `ENTRYPOINT`": "CMD serve",
    "`HEALTHCHECK`": "CMD serve\nHEALTHCHECK CMD curl -f http://localhost:80/",
    "`COPY <<EOF`": "COPY <<EOF /a\nx\nEOF",
    "`COPY`, `ADD` of files": "COPY a.txt /a.txt",
    "`COPY --from`": "COPY --from=busybox /bin/sh /sh",
    "`ADD` of a URL": "ADD https://example.org/a.tgz /a.tgz",
    "`EXPOSE`": "EXPOSE 80",
    "`VOLUME`": "VOLUME /data",
    "`LABEL`, `MAINTAINER`": "LABEL a=b",
    "`STOPSIGNAL`": "STOPSIGNAL SIGQUIT",
    "`ONBUILD`": "ONBUILD RUN make",
}
CONTEXT = Context(".", {"a.txt": Entry("file", size=1, mode=0o644)})
METHODS = {RunCmd: "run_cmd", SetEnvs: "set_envs", SetWorkdir: "set_workdir", SetUser: "set_user", Copy: "copy"}
QUIET = {"D2T312", "D2T401", "D2T308", "D2T301"}  # said of the whole file, not of the row's instruction


def table() -> str:
    """What each instruction becomes on each provider, as Markdown."""
    names = providers.names()
    lines = ["| instruction | " + " | ".join(f"`{name}`" for name in names) + " |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| {row} | " + " | ".join(cell(text, name) for name in names) + " |" for row, text in ROWS.items()]
    return "\n".join(lines)


def cell(text: str, provider: str) -> str:
    result = transpile(f"FROM debian:12\n{text}\n", provider=provider, context=CONTEXT, persist_env=False)
    found = [diagnostic for diagnostic in result.diagnostics if diagnostic.code not in QUIET]
    if result.template is None:
        return "refused: " + ", ".join(dict.fromkeys(_link(d.code) for d in found if d.severity is Severity.ERROR))
    methods = [METHODS[type(step)] for step in result.template.steps if step not in (SetUser("root"), SetWorkdir("/"))]
    if result.template.start_cmd:
        methods.append("set_start_cmd")
    if "HEALTHCHECK" in text:
        methods.append("wait_for_*")
    if "useradd" in text:
        methods = methods[1:]
    said = ", ".join(dict.fromkeys(_link(d.code) for d in found))
    what = ", ".join(f"`{method}`" for method in dict.fromkeys(methods)) or (
        "left out" if said else "its value, in the `run_cmd`s that may see it"
    )
    return f"{what} ({said})" if said else what


def _link(code: str) -> str:
    return f"[{code}](docs/rules.md#{code.lower()})"


PARTS = {"instructions": table}


def refreshed(text: str) -> str:
    """The README with its generated parts made anew."""
    for name, make in PARTS.items():
        pattern = re.compile(rf"(<!-- {name}: generated -->\n)(?:(?!<!-- end -->).)*(<!-- end -->)", re.DOTALL)
        assert pattern.search(text), name
        text = pattern.sub(lambda match, make=make: match[1] + make() + "\n" + match[2], text)
    return text


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text("utf-8")), "utf-8")
