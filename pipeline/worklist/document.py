"""What stands on a worklist, the same for all its forms.

Belongs here: the shape of a list, its visits, questions, answers and evidence. Not here: where they come from
(:mod:`.gathering`, :mod:`.offices`), how a form looks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from pipeline.cases.printed import MARK

NOT_KNOWN: Final = {"id": "Desa tidak diketahui", "en": "Village unknown"}
FIELD: Final = "tksk"
"""The queue whose cases are visits; all others are lists for an office."""


@dataclass(frozen=True)
class Asked:
    """One question of a visit: what the findings say, what to check and ask, which answers there are."""

    topic: str
    title: str
    findings: tuple[str, ...]
    check: str
    ask: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Visit:
    """One case: whom to visit, where, why, and what to find out. Numbers are masked."""

    n: int
    day: int
    case_id: str
    name: str
    nik: str
    no_kk: str
    desa: str
    dusun: str
    address: str
    members: int | None
    due: str
    why: str
    questions: tuple[Asked, ...]


@dataclass(frozen=True)
class Answer:
    """One answer there is: its label and what it means."""

    code: str
    label: str
    meaning: str


@dataclass(frozen=True)
class Proof:
    """One row of a file that a finding rests on, numbers masked; what such a row does not have is empty."""

    case_id: str
    says: str
    source_file: str
    sheet: str
    row_number: int
    name: str
    nik: str
    no_kk: str
    birth_date: str
    number: str
    """Card, account or telephone, whichever it is about."""
    program: str
    amount: int | None
    moment: str
    agent: str


@dataclass(frozen=True)
class Sheet:
    """The worklist of one TKSK (``officer`` empty where the roster names nobody), or of one office in a kabupaten."""

    period: str
    month: str
    run_id: str
    kecamatan_code: str
    kecamatan: str
    kabupaten: str
    officer: str
    waiting: int
    """Cases of the kecamatan that wait and are not on this list."""
    answers: tuple[Answer, ...]
    visits: tuple[Visit, ...]
    queue: str = FIELD
    proofs: tuple[Proof, ...] = ()
    """Of lists for an office: the rows behind the findings."""

    @property
    def mark(self) -> str:
        """What answers filled into it carry, so that it is known whom each case was about when it was printed."""
        return self.run_id[:MARK]

    @property
    def desa(self) -> list[str]:
        """Names of the desa, in the order of the visits."""
        return list(dict.fromkeys(v.desa for v in self.visits))

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return asdict(self) | {"mark": self.mark}
