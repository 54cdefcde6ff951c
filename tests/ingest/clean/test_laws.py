"""Laws of cleaning, for any input."""

from __future__ import annotations

from datetime import date

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.ingest.clean import clean
from tests.ingest.clean.raw_cells import Cell, Raw, cleaned, cleaner, context, raw_rows

# Most of an example is what cleaning costs however few its rows are: few examples, of many rows each.
QUICK = settings(max_examples=max(settings().max_examples // 4, 1))
MANY = {"min_size": 1, "max_size": 24}
MONTHS = [
    "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September",
    "Oktober", "November", "Desember",
]  # fmt: skip

birth_dates = st.dates(date(1930, 1, 1), date(2020, 12, 31))


@st.composite
def niks(draw: st.DrawFn) -> str:
    born, woman, serial = draw(birth_dates), draw(st.booleans()), draw(st.integers(1, 9999))
    day = born.day + 40 * woman
    return f"{draw(st.sampled_from(['750101', '317406', '110101', '917101']))}{day:02d}{born:%m%y}{serial:04d}"


@st.composite
def noisy(draw: st.DrawFn, number: str) -> str:
    text = list(number)
    last = 13 if number.endswith("0") else 15  # a point before the zeros at the end makes a decimal number of it
    for place in sorted(draw(st.sets(st.integers(1, last), max_size=5)), reverse=True):
        text.insert(place, draw(st.sampled_from([" ", ".", "-", "\u00a0"])))
    around = [("", ""), ("'", ""), (" ", " "), ("NIK ", ""), ("`", "'")]
    before, after = draw(st.sampled_from(around))
    return before + "".join(text) + after


@QUICK
@given(st.lists(niks().flatmap(lambda number: st.tuples(st.just(number), noisy(number))), **MANY))
def test_a_valid_nik_comes_back_from_any_noise(written: list[tuple[str, str]]) -> None:
    rows = cleaned(nik=[text for _, text in written]).accepted
    assert rows["nik"].to_list() == [number for number, _ in written]
    assert set(rows["nik_status"]) <= {"valid", "repaired"}


def lossy(number: str) -> list[Raw]:
    """Ways in which digits of a number are lost."""
    value = int(number)
    mantissa = f"{value:.5e}".split("e")[0]
    return [
        Cell(str(value // 10 * 10), 1), f"{mantissa}E+15", mantissa.replace(".", ",").rstrip("0").rstrip(",") + "E+15",
        number[:6] + "*" * 6 + number[12:], number[:4] + "XXXX",
    ]  # fmt: skip


@QUICK
@given(st.lists(niks(), **MANY))
def test_what_survives_of_a_nik_is_true(numbers: list[str]) -> None:
    """Whatever is lost, the digits that are kept are those of the number."""
    written = [(number, text) for number in numbers for text in lossy(number)]
    found = cleaned(nik=[text for _, text in written]).accepted["nik_digits"].to_list()
    for (number, _), digits in zip(written, found, strict=True):
        assert len(digits) == 16
        assert all(kept in {"?", true} for kept, true in zip(digits, number, strict=True))


def shapes_of_a_day(born: date) -> list[Raw]:
    """Ways to write a day."""
    serial = (born - date(1899, 12, 30)).days
    month = MONTHS[born.month - 1]
    return [
        f"{born:%d/%m/%Y}", f"{born:%d-%m-%Y}", f"{born:%d.%m.%Y}", f"{born:%Y-%m-%d}", f"{born:%Y%m%d}",
        f"{born.day}/{born.month}/{born.year}", f"{born.day} {month} {born.year}",
        f"{born.day}-{month[:3].upper()}-{born.year}", f"{born:%Y-%m-%d} 00:00:00", f"Gorontalo, {born:%d-%m-%Y}",
        Cell(f"{born:%Y-%m-%d}", 2), Cell(str(serial), 1),
    ]  # fmt: skip


@QUICK
@given(st.lists(birth_dates, **MANY))
def test_a_date_comes_back_from_every_shape(days: list[date]) -> None:
    written = [(born, text) for born in days for text in shapes_of_a_day(born)]
    found = cleaned(birth_date=[text for _, text in written]).accepted["birth_date"].to_list()
    assert found == [born for born, _ in written]


def shapes_of_an_amount(amount: int) -> list[Raw]:
    """Ways to write an amount."""
    dots = f"{amount:,}".replace(",", ".")
    return [
        str(amount),
        dots,
        f"{amount:,}",
        f"Rp {dots},00",
        f"Rp{dots},-",
        f"{amount}.0",
        Cell(f"{amount}.0", 1),
    ]


@QUICK
@given(st.lists(st.integers(0, 10**11), **MANY))
def test_an_amount_comes_back_from_every_way_to_write_it(amounts: list[int]) -> None:
    written = [(amount, text) for amount in amounts for text in shapes_of_an_amount(amount)]
    found = cleaned(income=[text for _, text in written]).accepted["income"].to_list()
    assert found == [amount for amount, _ in written]


texts = st.one_of(
    st.none(),
    st.text(max_size=25),
    st.sampled_from(
        ["-", "XXX", "ALI HASAN", "Hj. SITI, S.Pd / UTEN", "7501014107850001", "7,50101E+15", "01/02/1980", "600.000"]
    ),
)
cells = st.one_of(texts, st.builds(Cell, st.text(max_size=12), st.sampled_from([0, 1, 2, 3, 4])))
KINDS = ["registry", "recipients", "payments", "deaths", "employment", "ppks", "tksk", "transactions", "outcomes"]
COLUMNS = [
    "name", "nik", "no_kk", "birth_date", "ttl", "sex", "amount", "address", "dusun", "rt_rw", "desa", "kecamatan",
    "kabupaten", "phone", "card_number", "status", "desil", "transacted_at", "period", "region_code", "case_id",
    "outcome", "employment_type",
]  # fmt: skip


@QUICK
@given(st.data())
def test_every_row_ends_in_exactly_one_place_whatever_is_in_it(data: st.DataObject) -> None:
    height = data.draw(st.integers(1, 12))
    names = data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=9, unique=True))
    columns = {n: data.draw(st.lists(cells, min_size=height, max_size=height)) for n in names}
    rows = raw_rows(columns)
    result = clean(data.draw(st.sampled_from(KINDS)), rows, context(names), cleaner())
    numbers = result.accepted["row_number"].to_list() + result.quarantine["row_number"].to_list()
    assert sorted(numbers) == rows["row_number"].to_list()


@QUICK
@given(st.lists(st.text(max_size=40), **MANY))
@example(["H%.A"])
def test_cleaning_a_clean_name_changes_nothing(written: list[str]) -> None:
    once = [n for n in cleaned(name=written).accepted["name"].to_list() if n is not None]
    if once:
        twice = cleaned(name=once).accepted
        assert [n for n, again in zip(once, twice["name"].to_list(), strict=True) if again != n] == []


@QUICK
@given(st.lists(st.text(max_size=40), **MANY))
def test_cleaning_clean_places_changes_nothing(written: list[str]) -> None:
    once = cleaned(address=written, dusun=written).accepted.select("address", "dusun")
    twice = cleaned(address=once["address"].to_list(), dusun=once["dusun"].to_list()).accepted
    assert twice["address"].to_list() == once["address"].to_list()
    assert twice["dusun"].to_list() == once["dusun"].to_list()
