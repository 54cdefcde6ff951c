"""Any survey or list, outside the monthly run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from pipeline.commands.options import JsonOption, RulesOption, group
from pipeline.terminal import Document, answer, print_json, print_rows, print_written, say

app = group()

DEDUPE_OUT: Final = Path("data/dedupe")


@app.command()
def incidence(
    *,
    file: Annotated[Path, typer.Argument(help="Survey or list: CSV, XLSX, Parquet, ...", show_default=False)],
    welfare: Annotated[str, typer.Option(help="Column: welfare after the transfer.", show_default=False)],
    benefit: Annotated[str, typer.Option(help="Column: amount received.", show_default=False)],
    served: Annotated[str | None, typer.Option(help="Column: served, yes or no. Default: a benefit above 0.")] = None,
    weight: Annotated[str | None, typer.Option(help="Column: sampling weight.")] = None,
    line: Annotated[str | None, typer.Option(help="Poverty line, a number or a column; poor is below it.")] = None,
    quota: Annotated[float | None, typer.Option(help="Poor are this share of units, the poorest.")] = None,
    eligible: Annotated[str | None, typer.Option(help="Column: poor, yes or no; goes before line and quota.")] = None,
    by: Annotated[list[str] | None, typer.Option(help="Column to break down by; may be repeated.")] = None,
    psu: Annotated[str | None, typer.Option(help="Column: primary sampling unit.")] = None,
    strata: Annotated[str | None, typer.Option(help="Column: stratum of the sample.")] = None,
    size: Annotated[str | None, typer.Option(help="Column: persons in the household; counts persons.")] = None,
    rank_before_transfer: Annotated[
        bool, typer.Option("--rank-before-transfer", help="Rank by welfare less the benefit.")
    ] = False,
    quantiles: Annotated[int, typer.Option(help="Quantile groups, 5 or 10.")] = 10,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for incidence.csv.", show_default=False)] = None,
    as_json: JsonOption = False,
) -> None:
    """Targeting measures of any survey or list, each with its definition and, for a sample, its standard error."""
    from pipeline.incidence import Request
    from pipeline.incidence import incidence as measure

    request = Request(
        welfare, benefit, served=served, weight=weight, line=line, quota=quota, eligible=eligible,
        by=tuple(by or ()), psu=psu, strata=strata, size=size, rank_before_transfer=rank_before_transfer,
        quantiles=quantiles,
    )  # fmt: skip
    result = measure(file, request)
    for notice in result.notices:
        say(f"notice: {notice}")
    files = [str(path) for path in result.write(out)] if out is not None else []
    if as_json:
        print_json(result.as_dicts())
        return
    for title, rows in result.tables():
        print_rows(title, rows, left=("measure", "group", "definition"))
    print_written(files)


@app.command()
def dedupe(
    *,
    file: Annotated[Path, typer.Argument(help="List of people: CSV, XLSX, Parquet, ...", show_default=False)],
    second: Annotated[Path | None, typer.Argument(help="A second list, to link with.", show_default=False)] = None,
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="MEANING=COLUMN", help="What a column is, as nik=NO_KTP; may be repeated."),
    ] = None,
    truth: Annotated[str | None, typer.Option(help="Column that says who is who: the result is scored by it.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Column that is no evidence; may be repeated.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for clusters.csv and pairs.csv.")] = DEDUPE_OUT,
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """Who stands twice on a list, or on both of two lists, in any language. Nothing of the monthly run is touched."""
    from pipeline.dedupe import Request, parse_maps
    from pipeline.dedupe import dedupe as find

    request = Request(parse_maps(maps or ()), tuple(ignore or ()), truth)
    result = find([file] if second is None else [file, second], rules, request, say)
    files = [str(path) for path in result.write(out)]
    answer({**result.summary(), "files": files}, as_json, _print_dedupe)


# ------------------------------------------------------------------ in words


def _print_dedupe(summary: Document) -> None:
    """Who stands twice on a list: what was compared, counts, and the score where there is a truth."""
    print_rows("Compared", summary["columns"])
    for column, why in summary["left_out"].items():
        print(f"left out: {column}: {why}")
    print(
        f"{summary['rows']:,} rows, {summary['persons']:,} persons; {summary['persons_with_several_rows']:,} of them"
        f" have several rows, {summary['rows_of_the_largest']:,} at most"
    )
    if summary["one_to_one"]:
        print("each list has everybody once, so a row has one partner at most")
    print(
        f"a match from probability {summary['cut']:.2f}; {summary['pairs_match']:,} pairs match,"
        f" {summary['pairs_possible']:,} are possible and left for you to judge"
    )
    if (score := summary["score"]) is not None:
        print(
            f"against the truth: precision {score['precision']:.5f}, recall {score['recall']:.5f}, F1 {score['f1']:.5f}"
            f" (pairs: {score['true_pairs']:,} true, {score['found_pairs']:,} found, {score['both']:,} both)"
        )
    print_written(summary["files"])
