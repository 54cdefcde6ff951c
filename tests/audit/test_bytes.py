"""A byte of the file flipped, by a disk or by hand: reported, or no row of the file has changed.

DuckDB keeps a checksum a block, which a failing disk does not know. Who changes bytes on purpose can mend it
(:func:`mended`); then only digests, seals and chains are left to tell.
"""

from __future__ import annotations

import json
import random
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.audit.verify import verify
from pipeline.database import DATABASE
from pipeline.errors import TepatError
from tests.audit.filled import everything
from tests.publish.builders import silent
from tests.warm import warm

HEADERS, BLOCK = 3 * 4096, 262_144
FACTOR, WORD = 0xBF58476D1CE4E5B9, (1 << 64) - 1


def outcome(out: Path, rows: dict[str, list[str]]) -> str:
    """``reported``, ``unchanged`` where all rows are what they were, or ``missed``."""
    try:
        if not verify(out, say=silent).same:
            return "reported"
    except TepatError as error:
        assert "damaged or unreadable" in str(error) or "nothing to verify by" in str(error)  # noqa: PT017
        return "reported"
    return "unchanged" if everything(out) == rows else "missed"


def flipped(content: bytes, at: int, bit: int) -> bytearray:
    changed = bytearray(content)
    changed[at] ^= 1 << bit
    return changed


def checksum(block: bytes) -> int:
    """DuckDB's checksum of a block: the first eight bytes hold it."""
    total = 5381
    for at in range(8, len(block), 8):
        total ^= int.from_bytes(block[at : at + 8], "little") * FACTOR & WORD
    return total


def mended(content: bytes, at: int, bit: int) -> bytearray:
    """A byte flipped, and the checksum of its block made to fit."""
    changed = flipped(content, at, bit)
    start = at - (at - HEADERS) % BLOCK
    changed[start : start + 8] = checksum(changed[start : start + BLOCK]).to_bytes(8, "little")
    return changed


def flip_many(filled: Path, out: Path, flips: int, seed: int, places: Callable[[bytes], list[int]]) -> Counter[str]:
    chance = random.Random(seed)  # noqa: S311 - the same places each time
    content, rows = (filled / DATABASE).read_bytes(), everything(filled)
    where, results = places(content), Counter[str]()
    for _ in range(flips):
        at, bit = chance.choice(where), chance.randrange(8)
        (out / DATABASE).write_bytes(flipped(content, at, bit))
        result = outcome(out, rows)
        assert result != "missed", f"bit {bit} of byte {at}"
        results[result] += 1
    return results


def anywhere(content: bytes) -> list[int]:
    return list(range(len(content)))


def written_bytes(content: bytes) -> list[int]:
    """Bytes of blocks that are not zero: where rows are."""
    return [n for n in range(HEADERS, len(content)) if content[n] and (n - HEADERS) % BLOCK >= 8]


def test_a_flipped_byte_is_reported_or_changes_no_row(filled: Path, out: Path) -> None:
    results = flip_many(filled, out, 6, 1, anywhere)
    assert results["reported"] >= 3, results  # blocks are checked as a whole: most flips are seen


def test_a_flipped_byte_of_the_headers_is_reported(filled: Path, out: Path) -> None:
    results = flip_many(filled, out, 4, 2, lambda _: list(range(HEADERS)))
    assert results == {"reported": 4}


@pytest.mark.nightly
def test_flipped_bytes_at_many_places(filled: Path, out: Path) -> None:
    assert flip_many(filled, out, 400, 3, anywhere)["reported"] > 280


def judge(out: str, rows: str, answer: str) -> None:
    """The outcome, written to a file: where a crash of DuckDB, which trusts its checksums, ends only the child."""
    signal.alarm(120)
    Path(answer).write_text(outcome(Path(out), json.loads(Path(rows).read_text(encoding="utf-8"))), encoding="utf-8")


@pytest.mark.nightly
def test_a_byte_flipped_by_who_can_mend_the_checksum_is_reported_or_changes_no_row(
    filled: Path, out: Path, tmp_path: Path
) -> None:
    content = (filled / DATABASE).read_bytes()
    assert all(
        checksum(content[n : n + BLOCK]) == int.from_bytes(content[n : n + 8], "little")
        for n in range(HEADERS, len(content), BLOCK)
    ), "this version of DuckDB has another checksum: mend `checksum`"
    rows, answer = tmp_path / "rows.json", tmp_path / "answer.txt"
    rows.write_text(json.dumps(everything(filled)), encoding="utf-8")
    where, results = written_bytes(content), Counter[str]()
    chance = random.Random(4)  # noqa: S311
    with warm(__name__) as at_work:
        for _ in range(200):
            at, bit = chance.choice(where), chance.randrange(8)
            (out / DATABASE).write_bytes(mended(content, at, bit))
            ended = at_work.ended(at_work.start(__name__, "judge", str(out), str(rows), str(answer)))
            result = answer.read_text(encoding="utf-8") if ended == 0 else "died"
            assert result != "missed", f"bit {bit} of byte {at}"
            results[result] += 1
    assert results["reported"] > 60, results


def test_a_flip_of_a_row_with_a_mended_checksum_is_reported(filled: Path, out: Path) -> None:
    """The one flip whose place is known: a letter of a purpose in the access log."""
    content = (filled / DATABASE).read_bytes()
    at = content.index(b"to the TKSK")
    (out / DATABASE).write_bytes(mended(content, at, 1))
    changed = {d.table for d in verify(out, say=silent).differences}
    assert changed == {"access_log"}
