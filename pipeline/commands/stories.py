"""An id: its whole story, or why two rows are one or not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import OUT, JsonOption, OutOption, RulesOption, group
from pipeline.terminal import Document, print_json, print_rows, print_tree, say

app = group()


@app.command()
def explain(
    *,
    id: Annotated[str, typer.Argument(help="A person, household, finding, case or mention id.", show_default=False)],  # noqa: A002
    other: Annotated[
        str | None, typer.Argument(help="Another: why the two are one, or not.", show_default=False)
    ] = None,
    out: OutOption = OUT,
    reveal: Annotated[
        str | None,
        typer.Option(
            "--reveal", metavar="PURPOSE", help="Show numbers unmasked; the purpose is logged.", show_default=False
        ),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("--page", metavar="FILE", help="The same as a page, with pictures.", show_default=False),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="Language of the page and of pairs, id or en.")] = "id",
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """The whole story of an id, back to file, sheet and row."""
    from pipeline.explain import explain as tell
    from pipeline.explain import explain_pair

    story = tell(out, id, reveal=reveal) if other is None else explain_pair(out, id, other, reveal=reveal)
    if page is not None:
        from pipeline.explain.page import write_page
        from pipeline.look.numbers import language

        say(f"wrote {write_page(out, story, page, language(lang), rules)}")
    if as_json:
        print_json(story.as_dict())
    elif other is not None:
        print_pairs(story.title, story.chapters.get("matches", []), lang)
    else:
        print_tree(story.title, story.as_dict())


def print_pairs(title: str, pairs: list[Document], lang: str) -> None:
    """Pairs of rows that were compared: a table each of what every column weighs, in bits."""
    from pipeline.look.numbers import Numbers, language
    from pipeline.look.pairs import PairWords

    words, numbers = PairWords(language(lang)), Numbers(language(lang))
    said = words.words["table"]
    print(title)
    if not pairs:
        print(said["none"])
    for pair in pairs:
        for side in "ab":
            print(pair.get(f"where_{side}") or pair[f"mention_id_{side}"])
        chance = f"{said['probability']} {numbers.percent(pair['probability'])}"
        head = [f"{said[pair['level']]}: {said[pair['decision']]}, {chance}", words.kept_apart(pair.get("comparison"))]
        steps = [(s.name, s.found, s.weight) for s in words.steps(pair.get("comparison"))]
        steps.append((said["all"], "", sum(w for _, _, w in steps)))
        rows = [
            {said["column"]: n, said["found"]: f, said["weight"]: numbers.decimal(w, 1)} for n, f, w in steps
        ]  # fmt: skip
        print_rows("; ".join(filter(None, head)), rows, left=(said["column"], said["found"]))
