"""Reading an XLSX into raw rows against python-calamine alone: `python -m tests.benchmarks.xlsx_reading [ROWS]`.

Prints seconds of processor time, each the best of three, over a workbook of the given number of rows and twelve
columns as a registry has them.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import python_calamine
import xlsxwriter

from pipeline.ingest.contents import examine
from pipeline.ingest.readers import sheets_of

HEADINGS = ["NO", "NIK", "NO KK", "NAMA", "TGL LAHIR", "L/P", "ALAMAT", "RT", "RW", "DESA", "KECAMATAN", "DESIL"]


def write(path: Path, rows: int) -> None:
    """A workbook of synthetic rows; numbers of persons as text, the others as numbers."""
    dice = random.Random(1)
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("DATA")
        sheet.write_row(0, 0, HEADINGS)
        for i in range(1, rows + 1):
            nik, kk = (f"7501{dice.randrange(10**12):012d}" for _ in range(2))
            home = [f"JL MELATI NO {i % 90}", i % 9, i % 4, f"DESA {i % 77}", f"KECAMATAN {i % 9}"]
            sheet.write_row(i, 0, [i, nik, kk, f"FATMAH {i} PAKAYA", "07-03-1985", "P", *home, i % 10])


def with_calamine(path: Path) -> int:
    """All cells as Python values, and nothing else."""
    book = python_calamine.load_workbook(str(path))
    return sum(len(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names)


def with_ingest(path: Path) -> int:
    """All cells as raw batches: text, the type each cell had, the row's number."""
    return sum(batch.height for sheet in sheets_of(examine(path)) for batch in sheet.batches())


def best_of_three(read: Callable[[Path], int], path: Path, rows: int) -> float:
    """Processor seconds of the quickest of three readings."""
    costs = []
    for _ in range(3):
        start = time.process_time()
        if read(path) != rows + 1:
            sys.exit("rows were lost")
        costs.append(time.process_time() - start)
    return min(costs)


def main() -> None:
    """Write, read both ways, print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.xlsx"
        write(path, rows)
        alone, whole = (best_of_three(read, path, rows) for read in (with_calamine, with_ingest))
    print(f"{rows:,} rows x {len(HEADINGS)}: calamine alone {alone:.2f} s, ingest's reader {whole:.2f} s")
    print(f"speed of calamine's: {alone / whole:.0%}")


if __name__ == "__main__":
    main()
