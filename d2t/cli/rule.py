"""`d2t rule`: what a rule means, why it is so, and what to do."""

from __future__ import annotations

import sys

import click

from d2t.cli import console
from d2t.report.color import wanted
from d2t.rules import RULES


@click.command()
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@click.option("--all", "all_", is_flag=True, help="Every rule.")
@click.option("--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--color/--no-color", default=None, help="Colours, also where the output is no terminal.")
def command(codes: tuple[str, ...], all_: bool, format_: str, color: bool | None) -> None:
    """Explain a rule, by its code (D2T203) or its name (expose-not-supported).

    JSON is an object for one code, and an array for several.
    """
    if bool(codes) == all_:
        raise click.UsageError("name a CODE, or give --all")
    names = {rule.name: code for code, rule in RULES.items()}
    chosen = []
    for given in codes or sorted(RULES):
        code = names.get(given.lower(), given.upper())
        if code not in RULES:
            raise click.UsageError(f"there is no rule {given!r}{_similar(given, [*RULES, *names])}")
        chosen.append(RULES[code])
    from d2t.lint import pages

    found = [pages.page(rule) for rule in chosen]
    if format_ == "json":
        import json

        data = [pages.document(page) for page in found]
        click.echo(json.dumps(data if all_ or len(data) > 1 else data[0], indent=2, ensure_ascii=False))
    elif format_ == "markdown":
        click.echo(pages.markdown(found), nl=False)
    else:
        width = console.width(sys.stdout)
        texts = [pages.text(page, color=wanted(sys.stdout, color), width=width) for page in found]
        click.echo("\n\n".join(texts), nl=False)


def _similar(given: str, known: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(given.upper() if given[:1] in "dD" else given, known, 1)
    return f": did you mean {close[0]}?" if close else ": `d2t rule --all` lists them"
