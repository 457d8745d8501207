"""1,000 Dockerfiles of the sizes and contents that real ones have, the same in every run.

The shares are those measured over 4,370 Dockerfiles of 106 public repositories: a median of 31 lines and 9
instructions, 95th percentiles of 150 and 30. `python benchmarks/corpus.py FOLDER` writes the files to a folder.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from random import Random

COUNT = 1000
SEED = 20260801

# How many files hold an instruction, in percent. FROM is in all; RUN fills what the others leave.
SHARES = {
    "COPY": 58,
    "ENV": 57,
    "WORKDIR": 46,
    "CMD": 42,
    "EXPOSE": 27,
    "ARG": 26,
    "ENTRYPOINT": 26,
    "LABEL": 14,
    "USER": 11,
    "ADD": 8,
    "VOLUME": 8,
    "SHELL": 3,
    "STOPSIGNAL": 2,
    "HEALTHCHECK": 0.8,
    "ONBUILD": 0.5,
}
HEAD = ("ARG", "LABEL", "SHELL")  # right after FROM; the tail closes the last stage
TAIL = ("USER", "EXPOSE", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "ONBUILD", "ENTRYPOINT", "CMD")
REPEATED = ("COPY", "ENV", "WORKDIR", "ARG")  # may stand more than once in a file

IMAGES = (
    "debian:bookworm-slim python:3.12-slim ubuntu:22.04 node:20-alpine golang:1.23 rust:1.83 alpine:3.20 "
    "eclipse-temurin:21-jre ruby:3.3-slim php:8.3-fpm nginx:1.27 nvidia/cuda:12.4.1-runtime-ubuntu22.04"
).split()
PACKAGES = (
    "build-essential ca-certificates curl git gnupg jq less libffi-dev libpq-dev libssl-dev locales make nano netcat "
    "openssh-client pkg-config procps python3 python3-pip rsync sudo tini tzdata unzip vim wget xz-utils zip"
).split()
WORDS = "api app cache config core data docs etc jobs lib logs main models proxy scripts server src static web".split()
SOURCES = (*(f"{word}/" for word in WORDS), "requirements.txt", "package.json", "entrypoint.sh", "app.conf", "Makefile")
COMMANDS = (
    "mkdir -p /opt/{word}/{other}",
    "echo '{word}=$HOME' >> /etc/{word}.conf",
    'echo "PATH is $PATH, {word}" > /opt/{word}.txt',
    "curl -fsSL https://example.com/{word}/{other}.tar.gz | tar -xz -C /opt",
    "sed -i 's/{word}/{other}/g; s#^\\#listen.*#listen = 0.0.0.0#' /etc/{word}.conf",
    "pip install --no-cache-dir {word}=={number}.4 '{other}>=1.{number}'",
    "npm ci --omit=dev && npm cache clean --force",
    "git clone --depth 1 --branch v{number}.0 https://example.com/{word}/{other}.git /opt/{other}",
    "chown -R root:root /opt/{word} && chmod 0755 /opt/{word}",
    "if [ -f /opt/{word} ]; then rm -rf /opt/{word}; fi",
)


def corpus(count: int = COUNT) -> list[str]:
    """The texts."""
    random = Random(SEED)
    return [_Writer(random).dockerfile() for _ in range(count)]


class _Writer:
    """Writes one Dockerfile."""

    def __init__(self, random: Random) -> None:
        self.random = random
        # Two log-normal sizes; long files have more instructions and longer ones.
        size, spread = random.gauss(0, 1), random.gauss(0, 1)
        self.instructions = max(2, round(math.exp(math.log(9) + math.log(30 / 9) / 1.645 * size)))
        lines = math.exp(math.log(33.5) + math.log(150 / 33.5) / 1.645 * (0.85 * size + 0.53 * spread))
        self.lines = max(self.instructions, round(lines))
        self.stages = 2 if self.instructions >= 5 and self.chance(19) else 1
        self.heredocs = self.chance(8)
        self.mounts = self.chance(3)
        self.legacy = self.chance(26)
        self.final = False  # in the second of two stages
        self.variables: list[str] = []

    def chance(self, percent: float) -> bool:
        return self.random.random() * 100 < percent

    def word(self) -> str:
        return self.random.choice(WORDS)

    def dockerfile(self) -> str:
        kinds = self.kinds()
        texts = [self.instruction(kind) for kind in kinds]
        runs = [index for index, kind in enumerate(kinds) if kind == "RUN"]
        missing = self.lines - sum(text.count("\n") + 1 for text in texts)
        # Of the lines that are still missing, about a third are blank or comments, the rest is inside RUN.
        gaps = min(missing, len(texts) * 2, round(missing * 0.35) if runs else missing)
        shares = [0] * len(texts)
        for _ in range(missing - gaps if runs else 0):
            shares[self.random.choice(runs)] += 1
        texts = [text if not share else self.run(share + 1) for text, share in zip(texts, shares, strict=True)]
        for _ in range(max(0, gaps)):
            index = self.random.randrange(len(texts))
            texts[index] = ("\n" if self.chance(60) else f"# {self.word()} for the {self.word()}\n") + texts[index]
        return "\n".join(texts) + "\n"

    def kinds(self) -> list[str]:
        """What instructions there are, in order."""
        present = [kind for kind, share in SHARES.items() if self.chance(share * 1.12)]
        self.random.shuffle(present)
        present = present[: self.instructions - self.stages - self.chance(94)]  # mostly leave room for a RUN
        repeated = [kind for kind in REPEATED if kind in present]
        body = [kind for kind in present if kind not in HEAD and kind not in TAIL]
        while len(present) + self.stages < self.instructions:
            kind = self.random.choice(repeated) if repeated and self.chance(45) else "RUN"
            (body if kind != "ARG" else present).append(kind)
            if kind != "ARG":
                present.append(kind)
        self.random.shuffle(body)
        head = [kind for kind in present if kind in HEAD]
        tail = [kind for kind in TAIL if kind in present]
        if self.stages == 2:
            cut = self.random.randrange(len(body) + 1)
            return ["FROM build", *head, *body[:cut], "FROM", *body[cut:], *tail]
        if "ARG" in head and self.chance(50):
            head.remove("ARG")
            return ["ARG", "FROM tag", *head, *body, *tail]
        return ["FROM", *head, *body, *tail]

    def instruction(self, kind: str) -> str:
        if kind.startswith("FROM"):
            return self.from_(kind)
        return str(getattr(self, kind.lower())()) if kind != "RUN" else self.run(1)

    def from_(self, kind: str) -> str:
        image = self.random.choice(IMAGES)
        platform = "--platform=linux/amd64 " if self.chance(4) else ""
        if kind == "FROM tag":
            image = f"{image.partition(':')[0]}:${{{self.variables[0]}}}"
        self.variables.clear()
        self.final = kind == "FROM"
        return f"FROM {platform}{image}{' AS build' if kind == 'FROM build' else ''}"

    def run(self, lines: int) -> str:
        """A RUN of about so many lines."""
        flags = "--mount=type=cache,target=/root/.cache " if self.mounts and self.chance(40) else ""
        if lines >= 4 and self.heredocs:
            script = "\n".join(self.command() for _ in range(lines - 2))
            return f"RUN {flags}<<'EOF'\nset -e\n{script}\nEOF" if lines > 4 else f"RUN {flags}<<EOF\n{script}\nEOF"
        if lines >= 3 and self.chance(55):
            packages = self.random.sample(PACKAGES, min(lines - 2, len(PACKAGES)))
            extra = [f"    && {self.command()} \\" for _ in range(lines - 2 - len(packages))]
            middle = "\n".join([*(f"        {package} \\" for package in sorted(packages)), *extra])
            install = "apt-get update && apt-get install -y --no-install-recommends"
            return f"RUN {flags}{install} \\\n{middle}\n    && rm -rf /var/lib/apt/lists/*"
        return f"RUN {flags}" + " \\\n    && ".join(self.command() for _ in range(lines))

    def command(self) -> str:
        number = self.random.randrange(1, 30)
        return self.random.choice(COMMANDS).format(word=self.word(), other=self.word(), number=number)

    def env(self) -> str:
        name = f"{self.word().upper()}_{self.random.choice(('HOME', 'PORT', 'MODE', 'VERSION'))}"
        value = self.random.choice((f"/opt/{self.word()}", "production", "8080", '"two words"', "1.2.3"))
        if self.chance(17):
            return 'ENV PATH="/opt/venv/bin:$PATH"'
        if self.variables and self.chance(40):
            value = f"${{{self.random.choice(self.variables)}}}/{self.word()}"
        self.variables.append(name)
        if self.legacy:
            return f"ENV {name} {value}"
        more = "".join(f" \\\n    {name}_{number}={number}" for number in range(self.random.randrange(3)))
        return f"ENV {name}={value}{more}"

    def arg(self) -> str:
        name = f"{self.word().upper()}_TAG"
        self.variables.append(name)
        return f"ARG {name}={self.random.choice(('latest', '3.1', 'stable'))}"

    def copy(self) -> str:
        if self.stages == 2 and self.final and self.chance(75):
            return f"COPY --from=build /srv/{self.word()}/ /srv/{self.word()}/"
        if self.chance(1.5):
            return "COPY --from=alpine:3.20 /etc/ssl/cert.pem /etc/ssl/"
        flags = "--chown=root:root " if self.chance(12) else ""
        return f"COPY {flags}{self.random.choice(SOURCES)} /srv/{self.word()}/"

    def add(self) -> str:
        source = "https://example.com/tool.tar.gz" if self.chance(40) else self.random.choice(SOURCES)
        return f"ADD {source} /opt/{self.word()}/"

    def label(self) -> str:
        return f'LABEL maintainer="{self.word()}@example.com" version="1.{self.random.randrange(20)}"'

    def workdir(self) -> str:
        return f"WORKDIR /srv/{self.word()}"

    def user(self) -> str:
        return f"USER {self.random.choice(('nobody', 'www-data', 'app', '1001'))}"

    def expose(self) -> str:
        return f"EXPOSE {self.random.choice((80, 443, 3000, 5000, 8000, 8080))}"

    def volume(self) -> str:
        return f'VOLUME ["/srv/{self.word()}"]'

    def shell(self) -> str:
        return 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]'

    def stopsignal(self) -> str:
        return "STOPSIGNAL SIGTERM"

    def healthcheck(self) -> str:
        return "HEALTHCHECK --interval=10s CMD curl -f http://localhost:8080/health || exit 1"

    def onbuild(self) -> str:
        return "ONBUILD COPY . /srv/app"

    def entrypoint(self) -> str:
        return f'ENTRYPOINT ["/srv/{self.word()}/entrypoint.sh"]'

    def cmd(self) -> str:
        if self.chance(70):
            return f'CMD ["python", "-m", "{self.word()}", "--port", "8080"]'
        return f"CMD exec /opt/{self.word()}/bin/server --port $PORT"


def write(folder: Path) -> list[Path]:
    """Write each text to a folder of its own, named Dockerfile, as repositories have them."""
    paths = []
    for number, text in enumerate(corpus()):
        path = folder / f"{number:04}" / "Dockerfile"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    print(f"{len(write(Path(sys.argv[1])))} files")
