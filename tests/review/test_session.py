"""Judging in the terminal: a key a judgement, each kept at once, nothing done twice."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from pipeline.database import DATABASE
from pipeline.errors import InputError
from pipeline.history import judgements, published_run
from pipeline.review import Choice, review_in_terminal
from pipeline.review.keeping import Word, review_book, say_words
from pipeline.review.pairs import Pair, pairs_to_judge
from pipeline.review.sides import differing
from tests.asking import ask
from tests.scenarios import OCTOBER


def keys(pressed: Iterable[str]) -> Callable[[], str]:
    """A keyboard on which these keys are pressed, and then nothing any more."""
    waiting = iter(pressed)
    return lambda: next(waiting, "")


def review(out: Path, pressed: str, person: str = "Rina", **options: Any) -> tuple[dict[str, Any], str]:
    """What came of it, and what was on the screen."""
    screen = io.StringIO()
    console = Console(file=screen, width=140, force_terminal=False)
    told = review_in_terminal(
        out, OCTOBER, Choice(**options), person=person, lang="en", console=console, read_key=keys(pressed)
    )
    return told, screen.getvalue()


def said(out: Path) -> pl.DataFrame:
    return ask(out / DATABASE, 'select * from audit.match_judgements order by "at"')


def waiting(out: Path, person: str = "Rina", level: str = "person") -> list[Pair]:
    with review_book(out) as book:
        run = published_run(out, OCTOBER, book.connection)
        return pairs_to_judge(book, run, person, Choice(level)).pairs


def test_a_key_is_a_judgement_and_kept_at_once(out: Path) -> None:
    first = waiting(out)
    told, _ = review(out, "sdu")
    assert (told["same"], told["different"], told["unsure"]) == (1, 1, 1)
    assert said(out)["judgement"].to_list() == ["same", "different", "unsure"]
    assert said(out)["by"].unique().to_list() == ["Rina"]
    keys_said = list(zip(*(said(out)[c].to_list() for c in ("fingerprint_a", "fingerprint_b", "level")), strict=True))
    assert keys_said == [p.key for p in first[:3]]
    assert all(a < b for a, b, _ in keys_said)


def test_each_judgement_stands_in_the_access_log(out: Path) -> None:
    review(out, "sd")
    logged = ask(out / DATABASE, "select purpose from audit.access_log where action = 'judge' order by \"at\"")
    assert [p.split(";")[0] for p in logged["purpose"]] == ["Rina: same", "Rina: different"]


def test_what_was_judged_is_not_asked_again(out: Path) -> None:
    before = waiting(out)
    review(out, "sd")
    left = {p.key for p in waiting(out)}
    assert not left & {p.key for p in before[:2]}


def test_back_takes_back_without_deleting(out: Path) -> None:
    told, screen = review(out, "sbq")
    assert (told["same"], told["left"]) == (0, len(waiting(out)))
    assert said(out).height == 2, "append-only"
    assert judgements(out, OCTOBER).is_empty()
    assert "Taken back" in screen


def test_back_brings_back_what_the_same_person_had_said_before(out: Path) -> None:
    pair = waiting(out)[0]
    with review_book(out) as book:
        say_words(book, [Word(pair.key, "different", "by phone")], "Rina", "test")
        say_words(book, [Word(pair.key, "same")], "Rina", "test")
        from pipeline.review.keeping import take_back

        take_back(book, Word(pair.key, "same"), "Rina")
    verdict = judgements(out, OCTOBER)
    assert verdict["judgement"].to_list() == ["different"]
    assert verdict["reason"].to_list() == ["by phone"]


def test_back_at_the_start_changes_nothing(out: Path) -> None:
    _, screen = review(out, "bq")
    assert "nothing to take back" in screen
    assert said(out).is_empty()


def test_skip_and_unknown_keys_keep_nothing(out: Path) -> None:
    told, screen = review(out, "nzq")
    assert told["skipped"] == 1
    assert "No such key" in screen
    assert said(out).is_empty()


def test_two_who_disagree_leave_it_unsure_until_a_third(out: Path) -> None:
    pair = waiting(out)[0]
    review(out, "s", person="Rina", limit=1)
    with review_book(out) as book:
        say_words(book, [Word(pair.key, "different")], "Budi", "test")
    assert judgements(out, OCTOBER)["judgement"].to_list() == ["unsure"]
    third = waiting(out, "Sari")[0]
    assert third.key == pair.key, "a dispute comes first"
    assert third.said == ("Rina: same", "Budi: different")
    assert pair.key not in {p.key for p in waiting(out, " rina ")}
    _, screen = review(out, "d", person="Sari", limit=1)
    assert "In dispute: Rina: same, Budi: different" in screen
    assert judgements(out, OCTOBER)["judgement"].to_list() == ["different"]


def test_who_contradicts_is_said_at_once(out: Path) -> None:
    pair = waiting(out, "Budi")[0]
    with review_book(out) as book:
        say_words(book, [Word(pair.key, "unsure")], "Budi", "test")
    _, screen = review(out, "s", person="Rina", limit=1)
    assert "Others say" in screen


def test_the_most_informative_pair_comes_first(out: Path) -> None:
    pairs = [p for p in waiting(out) if p.probability is not None]
    worth = [
        (1 - abs(2 * p.probability - 1)) * (1 + p.amount / 1e6 + p.n_findings / 10)
        for p in pairs
        if p.probability is not None
    ]
    assert worth == sorted(worth, reverse=True)


def test_numbers_are_masked_and_differences_marked(out: Path) -> None:
    import re

    _, screen = review(out, "q")
    assert not re.search(r"\d{16}", screen)
    assert re.search(r"\d{6}\*{6}", screen)
    assert differing("FATMAH", "FATMA") == (frozenset({5}), frozenset())
    assert "weight" in screen


def test_households_are_reviewed_too(out: Path) -> None:
    pairs = waiting(out, level="household")
    if pairs:
        told, screen = review(out, "d", level="household", limit=1)
        assert "one household?" in screen
        assert said(out)["level"].to_list() == ["household"]
        assert told["different"] == 1


def test_only_the_pairs_of_an_id(out: Path) -> None:
    person = ask(
        out / DATABASE,
        "select person_id from latest.persons where n_mentions > 2 order by n_mentions desc, person_id limit 1",
    ).item()
    with review_book(out) as book:
        run = published_run(out, OCTOBER, book.connection)
        pairs = pairs_to_judge(book, run, "Rina", Choice(about=person)).pairs
        with pytest.raises(InputError, match="is not in"):
            pairs_to_judge(book, run, "Rina", Choice(about="P0"))
    assert all(person in (p.sides[0]["person_id"], p.sides[1]["person_id"]) for p in pairs)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"person": ""}, "--as"), ({"level": "village"}, "--level"), ({"about": "P0", "file": Path("a.csv")}, "--pairs")],
)
def test_wrong_use_is_explained(out: Path, options: dict[str, str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        review(out, "s", **options)


def test_without_a_terminal_it_says_what_to_do_instead(out: Path) -> None:
    with pytest.raises(InputError, match="--export"):
        review_in_terminal(out, OCTOBER, Choice(), person="Rina")
