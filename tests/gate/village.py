"""A desa in a few lines: its lists as files, one published month of it, and pay lists to screen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from pipeline import ingest, misuse, publish, resolve, target
from pipeline.period import Period
from pipeline.publish import RunIdentity
from pipeline.store import Store
from pipeline.tables import QUALITY_RESULTS, QUALITY_ROWS, QUALITY_SHEETS

OCTOBER = Period(2026, 10)
NOW = datetime(2026, 10, 20, 8, 0)
KECAMATAN, DESA = "TABONGO", "TERATAI"


def nik(born: str, serial: int, *, woman: bool = False) -> str:
    """A possible number of somebody first registered in Tabongo, born ``DD/MM/YYYY``."""
    day, month, year = born.split("/")
    return f"750119{int(day) + 40 * woman:02d}{month}{year[2:]}{serial:04d}"


@dataclass(frozen=True)
class Person:
    """One inhabitant."""

    name: str
    born: str
    woman: bool
    kk: str
    relation: str
    desil: str = "2"
    school: str = ""
    status: str = "AKTIF"
    serial: int = 1
    registered: bool = True

    @property
    def nik(self) -> str:
        """The person's own number."""
        return nik(self.born, self.serial, woman=self.woman)


@dataclass(frozen=True)
class Family:
    """Who lives under a family number; the first is the recipient on the PKH list."""

    number: int
    members: tuple[Person, ...]

    @property
    def account(self) -> str:
        """The account that the recipients list has."""
        return f"03340155{self.number:04d}9504"

    @property
    def card(self) -> str:
        """The card that the recipients list has."""
        return f"603298{self.number:010d}"

    @property
    def recipient(self) -> Person:
        """Named on the recipients list."""
        return self.members[0]


def family(
    number: int, *names: tuple[str, str, bool], desil: str = "2", school: str = "SD", status: str = "AKTIF",
    registered: bool = True,
) -> Family:  # fmt: skip
    """A family of recipient, spouse and child; ``status`` is the recipient's, ``school`` the child's."""
    kk = f"75011910101{number:05d}"
    relations = ("KEPALA KELUARGA", "ISTRI", "ANAK")
    return Family(
        number,
        tuple(
            Person(
                name, born, woman, kk, relation, desil, school if relation == "ANAK" else "TIDAK SEKOLAH",
                status if relation == relations[0] else "AKTIF", serial=number, registered=registered,
            )
            for (name, born, woman), relation in zip(names, relations, strict=False)
        ),
    )  # fmt: skip


FAMILIES = {
    "eligible": family(1, ("KARIM HULOPI", "12/03/1975", False), ("RAHMA DJAFAR", "04/07/1979", True), ("NOVAL HULOPI", "20/01/2016", False)),
    "dead": family(2, ("ISMAIL BOTUTIHE", "23/08/1951", False), ("HADIJAH LAMATO", "17/02/1955", True), ("RIZKI BOTUTIHE", "02/11/2012", False)),
    "moved": family(3, ("ABDUL POMALINGO", "05/05/1980", False), ("FITRI TANGAHU", "19/09/1984", True), ("DEWI POMALINGO", "28/12/2014", True), status="PINDAH"),
    "civil_servant": family(4, ("YUSUF NTOBUO", "30/06/1978", False), ("MARYAM UMAR", "11/10/1981", True), ("ARIF NTOBUO", "09/04/2013", False)),
    "unknown": family(5, ("HAMZAH IGIRISA", "14/01/1969", False), ("SALMA KADIR", "21/03/1973", True), ("ILHAM IGIRISA", "06/06/2011", False), desil=""),
    "stranger": family(6, ("BAHRUDIN MOHI", "08/08/1970", False), registered=False),
    "second": family(7, ("TAUFIK LIHAWA", "16/12/1983", False), ("SURYANI HASAN", "25/05/1986", True), ("PUTRI LIHAWA", "13/03/2017", True)),
    "companion": family(8, ("ROSTAM DAUD", "27/07/1985", False), ("ENDANG GANI", "03/02/1988", True), ("BAYU DAUD", "15/08/2015", False)),
    "misspelt": family(9, ("MOHAMAD RIFAI PAKAYA", "01/04/1977", False), ("YULIN TANTU", "22/11/1980", True), ("SITI PAKAYA", "10/10/2014", True)),
    "twice": family(10, ("UMAR LASENA", "18/06/1982", False), ("WARNI SULEMAN", "29/01/1985", True), ("FAHRI LASENA", "07/07/2016", False)),
    "widow": family(12, ("RAUF MAKU", "19/05/1958", False), ("SITI AMINAH MAKU", "07/12/1962", True), ("RENI MAKU", "15/03/2012", True)),
    "other": family(11, ("NASIR MOPANGGA", "24/09/1974", False), ("HELMI YASIN", "12/12/1978", True), ("AYU MOPANGGA", "26/02/2013", True)),
}  # fmt: skip
_SPARE = ("LUKMAN TAMU", "HERMAN ABDULLAH", "SAMSUDIN BIYA", "IDRUS NUSI", "KASIM TOLINGGI", "DJAFAR RADJAK", "SALEH BUMULO", "RAMLI ADAM",
          "HARUN DALI", "ANWAR PODUNGGE", "MUSTAFA KAU", "SULAIMAN ISA", "ZAKARIA PULUHULAWA")  # fmt: skip
FAMILIES |= {
    f"spare{n}": family(
        20 + n, (name, f"{n + 3:02d}/{n % 12 + 1:02d}/{1960 + n}", False), ("WIDYA " + name.split()[1], f"{n + 9:02d}/04/{1964 + n}", True),
        ("IRFAN " + name.split()[1], f"{n + 11:02d}/09/{2011 + n % 6}", False),
    )
    for n, name in enumerate(_SPARE)
}  # fmt: skip
"""Families of whom nothing is to be said but that they are eligible."""


@dataclass
class Line:
    """A line of a pay list; what is not said is the family's own."""

    family: str
    name: str | None = None
    nik: str | None = None
    account: str | None = None
    amount: str = "600000"
    member: int = 0
    desa: str = DESA

    def cells(self) -> dict[str, str]:
        """The cells as written."""
        home = FAMILIES[self.family]
        person = home.members[self.member]
        return {
            "NAMA PENERIMA": person.name if self.name is None else self.name,
            "NIK": person.nik if self.nik is None else self.nik,
            "NO KK": person.kk,
            "NO REKENING": home.account if self.account is None else self.account,
            "BANK": "BRI",
            "NOMINAL": self.amount,
            "DESA/KELURAHAN": self.desa,
            "KECAMATAN": KECAMATAN,
        }


def pay_list(path: Path, lines: Iterable[Line], *, separator: str = ";", tail: str = "") -> Path:
    """Write a pay list as CSV; the first line is row 2."""
    rows = [line.cells() for line in lines]
    headings = list(Line("eligible").cells())
    text = [separator.join(["NO", *headings])]
    text += [separator.join([str(n), *row.values()]) for n, row in enumerate(rows, 1)]
    path.write_text("\n".join(text) + "\n" + tail, encoding="utf-8")
    return path


@dataclass
class Village:
    """Lists of the desa in a folder."""

    raw: Path
    families: dict[str, Family] = field(default_factory=lambda: FAMILIES)

    def write(self, deaths: Iterable[str] = ("dead", "widow")) -> None:
        """Registry, recipients, deaths (of the recipients of some families), employment and companions."""
        self.raw.mkdir(parents=True)
        people = [(f, p) for f in self.families.values() for p in f.members]
        self._table("DTSEN_Oktober_2026.csv", [
            {"NIK": p.nik, "NO KK": p.kk, "NAMA LENGKAP": p.name, "TGL LAHIR": p.born, "JENIS KELAMIN": "P" if p.woman else "L",
             "SHDK": p.relation, "ALAMAT": f"JL. MAWAR NO. {f.number}", "RT": f"{f.number:03d}", "RW": "001",
             "DESA/KELURAHAN": DESA, "KECAMATAN": KECAMATAN, "DESIL NASIONAL": p.desil, "JENJANG SEKOLAH": p.school,
             "STATUS HAMIL": "TIDAK" if p.woman else "", "DISABILITAS": "TIDAK", "STATUS KEPENDUDUKAN": p.status}
            for f, p in people if p.registered
        ])  # fmt: skip
        self._table("PKH_KPM_2026-10.csv", [
            {"NO KK": f.recipient.kk, "NIK": f.recipient.nik, "NAMA KPM": f.recipient.name, "TGL LAHIR": f.recipient.born,
             "DESA/KELURAHAN": DESA, "KECAMATAN": KECAMATAN, "NO KKS": f.card, "NO REKENING": f.account, "NOMINAL": "600000",
             "NAMA PENDAMPING": "ROSTAM DAUD"}
            for f in self.families.values()
        ])  # fmt: skip
        self._table("Data_Kematian_2026-10.csv", [
            {"NIK": p.nik, "NAMA LENGKAP": p.name, "TGL LAHIR": p.born, "TGL MENINGGAL": "12/09/2026", "DESA/KELURAHAN": DESA,
             "KECAMATAN": KECAMATAN}
            for p in (self.families[name].recipient for name in deaths)
        ])  # fmt: skip
        servant, companion = self.families["civil_servant"].members[1], self.families["companion"].recipient
        self._table("Data_Pekerjaan_2026-10.csv", [
            {"NIK": servant.nik, "NAMA": servant.name, "TGL LAHIR": servant.born, "JENIS PEKERJAAN": "PNS", "INSTANSI": "DINAS PU"}
        ])  # fmt: skip
        self._table("Daftar_Pendamping_2026-10.csv", [
            {"NAMA": companion.name, "NIK": companion.nik, "JABATAN": "PENDAMPING PKH", "WILAYAH": KECAMATAN}
        ])  # fmt: skip

    def _table(self, name: str, rows: list[dict[str, str]]) -> None:
        pl.DataFrame(rows).write_csv(self.raw / name, separator=";")


def publish_month(raw: Path, out: Path, rules: Path, period: Period = OCTOBER) -> None:
    """The monthly run without its data-quality checks, which a gate does not ask."""
    store = Store(out / str(period))
    silent = lambda _: None  # noqa: E731
    ingest.ingest(raw, store, period, rules, previous=None, say=silent)
    resolve.resolve(store, period, rules, previous=None, judgements=None, say=silent)
    misuse.screen(store, period, rules, say=silent)
    target.target(store, period, rules, previous=None, say=silent)
    for table in (QUALITY_RESULTS, QUALITY_ROWS, QUALITY_SHEETS):
        store.write(table, table.empty())
    identity = RunIdentity(
        period=str(period), inputs_hash=ingest.inputs_hash(raw), rules_hash="r", judgements_hash="j", code_version="c",
        previous_run_id=None, options="{}",
    )  # fmt: skip
    publish.publish(store, out, identity, started_at=datetime.now(UTC), timings={}, say=silent)
