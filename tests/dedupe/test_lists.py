"""Lists of many kinds: how well their people are found, at the default cut, and that nothing else is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from pipeline.dedupe import Deduped, Request, dedupe
from pipeline.rulebook import default_rules
from tests.dedupe.lists import Noise, people

Row = dict[str, str]
FEW = ("given_name", "surname", "date_of_birth", "sex")
DIRTY = Noise(slip=0.25, scan=0.08, sound=0.08, missing=0.15, swapped_names=0.08, day_month=0.05, moved=0.1)


def found(tmp_path: Path, *lists: Sequence[Row], ignore: tuple[str, ...] = (), truth: str = "who") -> Deduped:
    """The result for one or two lists written as CSV."""
    paths = []
    for n, rows in enumerate(lists):
        paths.append(tmp_path / f"list{n}.csv")
        pl.DataFrame(rows).write_csv(paths[-1])
    return dedupe(paths, default_rules(), Request({}, ignore, truth), lambda _: None)


def f1(result: Deduped) -> float:
    assert result.score is not None
    return result.score.f1


def only(rows: Sequence[Row], *columns: str) -> list[Row]:
    return [{c: row[c] for c in (*columns, "who")} for row in rows]


def in_full(rows: Sequence[Row]) -> list[Row]:
    return [
        {"name": f"{r['given_name']} {r['surname']}"}
        | {k: v for k, v in r.items() if k not in ("given_name", "surname")}
        for r in rows
    ]


@pytest.mark.parametrize("language", ["en", "es", "vi", "ar", "zh", "id"])
def test_every_language(tmp_path: Path, language: str) -> None:
    assert f1(found(tmp_path, people(400, language=language))) >= 0.99


@pytest.mark.parametrize(
    ("rows", "at_least"),
    [
        (people(400, noise=DIRTY), 0.985),
        (people(400, noise=Noise(missing=0.3)), 0.985),
        (people(50, rows=tuple(range(5, 15)), noise=DIRTY), 0.985),
        (people(300, rows=(2,)), 0.99),
        (people(400, members=4), 0.985),
        (only(people(400), *FEW), 0.92),
        (in_full(people(400, members=4)), 0.97),
        (only(in_full(people(400)), "name", "date_of_birth"), 0.9),
        (only(people(400), "national_id"), 0.8),
    ],
    ids=["dirty", "a third missing", "ten rows", "all twice", "families", "few", "full names", "two", "a number"],
)
def test_every_shape(tmp_path: Path, rows: list[Row], at_least: float) -> None:
    assert f1(found(tmp_path, rows)) >= at_least


def test_headings_are_not_needed(tmp_path: Path) -> None:
    rows = people(400)
    bare = [{f"f{i}": v for i, v in enumerate(v for k, v in r.items() if k != "who")} | {"who": r["who"]} for r in rows]
    assert f1(found(tmp_path, bare)) >= 0.99


def test_nobody_twice(tmp_path: Path) -> None:
    result = found(tmp_path, people(500, rows=(1,)))
    assert result.summary()["persons"] >= 499


def test_one_person_throughout(tmp_path: Path) -> None:
    assert found(tmp_path, people(1, rows=(60,))).summary()["persons"] <= 2


def test_two_clean_lists_are_linked_one_to_one(tmp_path: Path) -> None:
    rows = people(450, rows=(2,), noise=DIRTY)
    seen: set[str] = set()
    lists: tuple[list[Row], list[Row]] = ([], [])
    for row in rows:
        lists[row["who"] in seen].append(row)
        seen.add(row["who"])
    second = [{"vorname" if k == "given_name" else k: v for k, v in r.items()} for r in lists[1][:300]]
    result = found(tmp_path, lists[0], second)
    assert result.one_to_one
    assert f1(result) >= 0.99
    assert (
        result.pairs.filter(pl.col("decision") == "match").select((pl.col("file_a") != pl.col("file_b")).all()).item()
    )


def test_parts_of_a_date_and_a_whole_date_are_one(tmp_path: Path) -> None:
    rows = people(400, language="es")
    parts = [
        {
            "nombre": r["given_name"],
            "apellido": r["surname"],
            "by": r["date_of_birth"][:4],
            "bm": r["date_of_birth"][5:7],
        }
        | {"bd": r["date_of_birth"][8:10], "cp": r["postcode"], "who": r["who"]}
        for r in rows
    ]
    result = found(tmp_path, parts)
    assert ("birth date", "birth_date") in {(c["column"], c["meaning"]) for c in result.columns}
    assert f1(result) >= 0.9


def test_a_shared_street_or_town_is_no_shared_address(tmp_path: Path) -> None:
    """An address in one column: what strangers of one street have in common must not teach what one person is like."""
    rows = [
        {
            "name": f"{r['given_name']} {r['surname']}",
            "age": str(2020 - int(r["date_of_birth"][:4])) if r["date_of_birth"] else "",
            "where": f"{r['street_number']} {r['address']}, {r['suburb']} {r['postcode']}",
            "who": r["who"],
        }
        for r in people(900, noise=Noise(day_month=0))
        if r["date_of_birth"][:4].isdigit()
    ]
    result = found(tmp_path, rows)
    assert f1(result) >= 0.9


def test_a_number_of_the_whole_family_under_an_unknown_heading(tmp_path: Path) -> None:
    rows = [
        {
            "nombre": f"{r['given_name']} {r['surname']}",
            "dob": r["date_of_birth"],
            "kartu x": r["phone"],
            "who": r["who"],
        }
        for r in people(900, language="es", members=4)
    ]
    result = found(tmp_path, rows)
    assert ("nombre", "full_name") in {(c["column"], c["meaning"]) for c in result.columns}
    assert f1(result) >= 0.9


def test_father_and_son_of_one_name_stay_two(tmp_path: Path) -> None:
    rows = people(1200, members=4, rows=(1, 1, 2))
    home = {int(r["who"]): r["given_name"] for r in rows}
    for r in rows:
        who = int(r["who"])
        if who % 16 == 1 and who - 1 in home:  # the second of every fourth family is called as the first
            r["given_name"] = home[who - 1]
    few = only(rows, "given_name", "surname", "date_of_birth", "address", "street_number", "suburb", "phone")
    result = found(tmp_path, few)
    assert result.score is not None
    assert result.score.precision >= 0.92
    assert result.score.recall >= 0.9
