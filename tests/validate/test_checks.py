"""What single checks and derived columns say, in examples a domain expert can read."""

from datetime import date

import polars as pl
import pytest

from pipeline.errors import RulesError
from pipeline.period import Period
from pipeline.rulebook import default_rules
from pipeline.tables import MENTIONS
from pipeline.validate.cards import Check, read_checks
from pipeline.validate.checks import chosen
from pipeline.validate.derived import MENTION_COLUMNS, with_derived
from pipeline.validate.tally import Tally, add, tally

WORDS = {"reason": {"id": "x", "en": "x"}, "ask": {"id": "x", "en": "x"}, "severity": "info", "id": "x"}
PERIOD = Period(2026, 10)
ROW = ["source_file", "sheet", "row_number"]


def broken(rows: dict[str, list[object]], **parameters: object) -> list[int]:
    """Row numbers (the first row is 2) that break a check."""
    made = Check.model_validate({**WORDS, **parameters})
    frame = pl.DataFrame(rows).with_columns(
        source_file=pl.lit("f.csv"), sheet=pl.lit(""), row_number=pl.int_range(2, pl.len() + 2)
    )
    return tally(frame.filter(chosen(made)), made, ROW).broken["row_number"].to_list()


def derived(column: str, **values: object) -> object:
    """One derived column of one mention."""
    frame = pl.DataFrame([values], schema={k: MENTIONS.schema[k] for k in values})
    for absent in ("nik", "birth_date", "sex"):
        if absent not in frame.columns:
            frame = frame.with_columns(pl.lit(None, MENTIONS.schema[absent]).alias(absent))
    return with_derived(frame.lazy(), [column], MENTIONS, PERIOD).collect()[column][0]


@pytest.mark.parametrize(
    ("number_says", "written", "grade"),
    [
        ("050285", date(1985, 2, 5), "same"),
        ("450285", date(1985, 2, 5), "same"),  # a woman: 40 added to the day
        ("050285", date(1985, 5, 2), "swapped"),
        ("050285", date(1985, 1, 1), "rounded"),
        ("050285", date(1985, 7, 1), "rounded"),
        ("050285", date(1985, 2, 6), "one_part"),
        ("050285", date(1986, 2, 5), "one_part"),
        ("050285", date(1972, 11, 30), "different"),
        ("050285", None, None),
    ],
)
def test_the_date_in_the_number_is_graded(number_says, written, grade):
    assert derived("nik_birth_date", nik=f"750101{number_says}0001", birth_date=written) == grade


@pytest.mark.parametrize(
    ("day", "sex", "answer"),
    [("05", "L", "same"), ("45", "P", "same"), ("45", "L", "different"), ("05", None, None)],
)
def test_the_sex_in_the_number(day, sex, answer):
    assert derived("nik_sex", nik=f"750101{day}02850001", sex=sex) == answer


def test_no_number_agrees_with_nothing():
    assert derived("nik_sex", nik=None, sex="L") is None


@pytest.mark.parametrize(("prefix", "answer"), [("750101", "known"), ("759901", "unknown")])
def test_the_kabupaten_in_the_number(prefix, answer):
    assert derived("nik_regency", nik=f"{prefix}0502850001") == answer


@pytest.mark.parametrize(
    ("born", "age"),
    [(date(1966, 10, 31), 60), (date(1966, 11, 1), 59), (date(2026, 10, 31), 0), (date(2026, 11, 1), -1)],
)
def test_age_is_taken_on_the_last_day_of_the_period(born, age):
    assert derived("age", birth_date=born) == age


def test_every_derived_column_can_be_computed_for_an_empty_table():
    frame = with_derived(MENTIONS.empty().lazy(), list(MENTION_COLUMNS), MENTIONS, PERIOD).collect()
    assert frame.height == 0


def test_luhn_holds_for_a_well_known_test_card():
    rows = {"card": ["4111111111111111", "4111111111111112", "41111111", None]}
    assert broken(rows, check="luhn", engine="polars", columns=["card"]) == [3, 4]


def test_one_head_a_family():
    rows = {
        "kk": ["A", "A", "B", "B", "C", None],
        "role": ["head", "child", "head", "head", "child", "child"],
    }
    found = broken(
        rows, check="rows_per_group", engine="polars", columns=["role"], by=["kk"], values=["head"], min=1, max=1
    )
    assert found == [4, 5, 6]


def test_a_phone_of_three_people_is_shared_and_of_two_is_not():
    rows = {"phone": ["1", "1", "1", "2", "2", "2"], "who": ["a", "b", "c", "d", "e", "e"]}
    found = broken(rows, check="different_per_group", engine="polars", columns=["who"], by=["phone"], max=2)
    assert found == [2, 3, 4]


def test_a_file_whose_numbers_end_in_zero_raises_the_alarm_and_a_small_one_does_not():
    rows = {"file": ["a"] * 4 + ["b"] * 2, "nik": ["10", "20", "31", "42", "50", "60"]}
    parameters = {"columns": ["nik"], "by": ["file"], "pattern": "0$", "share": 0.3, "min": 3}
    assert broken(rows, check="share_per_group", engine="polars", **parameters) == [2, 3]


def test_an_amount_far_from_the_median_of_its_program():
    rows = {"program": ["p"] * 5, "amount": [600, 600, 750, 60000, 60]}
    assert broken(rows, check="near_median", engine="polars", columns=["amount"], by=["program"], factor=8) == [5, 6]


def test_null_meets_no_condition_but_known_false():
    rows = {"x": [None, None, None], "c": ["a", "b", None]}
    assert broken(rows, check="required", columns=["x"], where={"c": {"not_in": ["a"]}}) == [3]
    assert broken(rows, check="required", columns=["x"], where={"c": {"known": False}}) == [4]
    assert broken(rows, check="required", columns=["x"], where={"c": {"known": True}}) == [2, 3]


def test_answers_of_parts_add_up_and_keep_the_first_rows():
    def part(numbers: list[int]) -> Tally:
        made = Check.model_validate({**WORDS, "check": "required", "columns": ["x"]})
        frame = pl.DataFrame(
            {"source_file": "f", "sheet": "", "row_number": numbers, "x": [None] * len(numbers)},
            schema_overrides={"x": pl.String},
        )
        return tally(frame, made, ROW)

    whole = add([part(list(range(20, 40))), part([3, 50])])
    assert whole.n_unexpected == 22
    assert whole.sheets["first_rows"].to_list() == [[3, 20, 21, 22, 23, 24, 25, 26]]


def test_the_shipped_checks_can_be_read_and_say_what_to_ask():
    files = read_checks(default_rules())
    checks = [check for file in files.values() for check in file.checks]
    assert {kind for file in files.values() for kind in file.kinds} >= {"registry", "recipients", "transactions"}
    assert all(check.reason.id and check.ask.id and check.reason.en and check.ask.en for check in checks)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("check: uniqe\n    columns: [nik]", "did you mean `unique`"),
        ("check: unique\n    columns: [nikk]", "did you mean `nik`"),
        ("check: in_set\n    columns: [nik]", "needs values"),
        ("check: luhn\n    columns: [card_number]", "engine: polars"),
        ("check: unique\n    columns: [nik, name]", "takes 1 column"),
        ("check: regex\n    columns: [nik]\n    pattern: '(?=x)'", "both engines"),
        ("check: unique\n    columns: [nik]\n    max: 3", "does not take max"),
    ],
)
def test_a_slip_in_a_rule_file_is_named_with_its_line(tmp_path, line, says):
    folder = tmp_path / "quality"
    folder.mkdir()
    text = f"""title: {{id: x, en: x}}
kinds: [registry]
checks:
  - id: x
    {line}
    severity: info
    reason: {{id: x, en: x}}
    ask: {{id: x, en: x}}
"""
    (folder / "registry.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RulesError) as error:
        read_checks(tmp_path)
    assert says in str(error.value)
    assert "registry.yaml:" in str(error.value)
