"""Stage outputs of one period, as Parquet files under ``data/clean/<period>/``.

Belongs here: writing, reading and atomically replacing the files of stages, and their encryption when a key is set.
Not here: the database (:mod:`pipeline.database`), what the tables mean (:mod:`pipeline.tables`).

A command writes into a hidden folder beside the period's folder; only when all its stages have succeeded are its
files moved over. A run that fails or is killed leaves the files of the last good one untouched.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import polars as pl
import psutil
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

from pipeline.errors import InputError, Problem, StorageError
from pipeline.period import Period
from pipeline.tables import Table

KEY_VARIABLE = "TEPAT_KEY"
ROWS_PER_GROUP = 100_000
_LEFTOVER = re.compile(r"\.(?:\d{4}-\d{2}|spill|copy|rerun|pack)\.(\d+)(?:\..*)?")


def secret() -> str | None:
    """The key under which everything with personal data is encrypted, or None."""
    return os.environ.get(KEY_VARIABLE) or None


def check_cipher() -> None:
    """Refuse before anything is written where a key is set and the cipher for stage files is not installed."""
    if secret() is None:
        return
    try:
        import cryptography.hazmat.primitives.ciphers.aead  # noqa: F401
    except ImportError as cause:
        raise cannot_encrypt() from cause


def cannot_encrypt() -> StorageError:
    """What is said where a key is set and a part of what encrypts is not installed."""
    found = "a key is set, but this installation cannot encrypt; nothing was written"
    return StorageError(Problem(KEY_VARIABLE, found, todo="install the extra: pip install 'tepat-sasaran[encrypt]'"))


class _Kms(pe.KmsClient):  # type: ignore[misc]
    """Wraps the data keys of a Parquet file with AES-GCM under the user's key."""

    def __init__(self, config: pe.KmsConnectionConfig) -> None:
        super().__init__()
        self._key = config.custom_kms_conf["key"].encode()

    def _cipher(self) -> object:
        from hashlib import sha256

        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(sha256(self._key).digest())

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        from base64 import b64encode

        nonce = os.urandom(12)
        return b64encode(nonce + self._cipher().encrypt(nonce, key_bytes, master_key_identifier.encode()))  # type: ignore[attr-defined]

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        from base64 import b64decode

        blob = b64decode(wrapped_key)
        opened: bytes = self._cipher().decrypt(blob[:12], blob[12:], master_key_identifier.encode())  # type: ignore[attr-defined]
        return opened


def _crypto(key: str) -> tuple[pe.CryptoFactory, pe.KmsConnectionConfig]:
    return pe.CryptoFactory(_Kms), pe.KmsConnectionConfig(custom_kms_conf={"key": key})


class TableWriter:
    """Appends frames to one Parquet file, in the order given; bounded memory."""

    def __init__(self, path: Path, table: Table) -> None:
        self._table = table
        self._schema = table.empty().to_arrow().schema
        properties = None
        if (key := secret()) is not None:
            factory, kms = _crypto(key)
            config = pe.EncryptionConfiguration(footer_key="tepat", uniform_encryption=True)
            properties = factory.file_encryption_properties(kms, config)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", encryption_properties=properties)
        self.rows = 0

    def append(self, frame: pl.DataFrame) -> None:
        """Add rows; the frame is brought into the declared shape first."""
        conformed = self._table.conform(frame)
        self.rows += conformed.height
        for piece in conformed.iter_slices(ROWS_PER_GROUP):  # Arrow's copy of all of it would be large
            self._writer.write_table(piece.to_arrow().cast(self._schema))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


class Store:
    """Reads the stage files of a period, preferring those that the running command has just made."""

    def __init__(self, final: Path, staging: Path | None = None) -> None:
        self.final = final
        self.staging = staging

    @property
    def folder(self) -> Path:
        """Where files are written now."""
        return self.staging or self.final

    def _find(self, name: str) -> Path:
        if self.staging is not None and (self.staging / name).exists():
            return self.staging / name
        return self.final / name

    def has(self, table: Table) -> bool:
        """Whether the table's file exists."""
        return self._find(f"{table.name}.parquet").exists()

    def path(self, table: Table) -> Path:
        """The table's file; :class:`InputError` names the stage to run where it is missing."""
        path = self._find(f"{table.name}.parquet")
        if not path.exists():
            raise InputError(
                Problem(str(path), "this stage output does not exist", todo=f"run `tepat {table.stage}` first")
            )
        return path

    def scan(self, table: Table) -> pl.LazyFrame:
        """The table as a lazy frame; only the columns asked for are read."""
        if secret() is None:
            return pl.scan_parquet(self.path(table))
        return pl.scan_pyarrow_dataset(self.dataset(table))

    def dataset(self, table: Table) -> ds.Dataset:
        """The table as an Arrow dataset, decrypted batch by batch where a key is set.

        Raises:
            StorageError: the file cannot be read with this key.
        """
        path, options = self.path(table), None
        if (key := secret()) is not None:
            factory, kms = _crypto(key)
            decryption = ds.ParquetDecryptionConfig(factory, kms, pe.DecryptionConfiguration())
            options = ds.ParquetFragmentScanOptions(decryption_config=decryption)
        try:
            return ds.dataset(path, format=ds.ParquetFileFormat(default_fragment_scan_options=options))
        except Exception as cause:  # Arrow passes on whatever the cipher raises
            raise StorageError(
                Problem(
                    str(path),
                    f"this stage file cannot be read with this {KEY_VARIABLE}",
                    "the key it was made with",
                    "or run the period again",
                )
            ) from cause

    def read(self, table: Table, columns: list[str] | None = None) -> pl.DataFrame:
        """The table, or some of its columns, in memory."""
        lazy = self.scan(table)
        return (lazy if columns is None else lazy.select(columns)).collect()

    def write(self, table: Table, frame: pl.DataFrame, *, ordered: bool = False) -> None:
        """Replace the table's file, checked against its declaration and sorted by its key unless it is ``ordered``."""
        if table.keys and not ordered:
            frame = frame.sort(table.keys)
        if secret() is not None:
            with self.writer(table) as writer:
                writer.append(frame)
            return
        with self._part(table) as part:
            table.conform(frame).write_parquet(part, compression_level=1, row_group_size=ROWS_PER_GROUP)

    @contextmanager
    def writer(self, table: Table) -> Iterator[TableWriter]:
        """Write a table piece by piece; the file appears whole at the end or not at all."""
        with self._part(table) as part:
            writer = TableWriter(part, table)
            try:
                yield writer
            finally:
                writer.close()

    @contextmanager
    def _part(self, table: Table) -> Iterator[Path]:
        """A file to write into that takes the table's place when the block ends well."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{table.name}.parquet"
        part = path.with_suffix(".part")
        try:
            yield part
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        part.replace(path)


def sweep(out: Path) -> None:
    """Remove hidden working folders and files in ``out`` whose process no longer lives."""
    for path in sorted(out.glob(".*")):
        found = _LEFTOVER.fullmatch(path.name)
        if found is None or psutil.pid_exists(int(found[1])):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _new_folder(out: Path, name: str) -> Path:
    """An empty folder inside ``out``.

    Raises:
        InputError: ``out``, or what should hold it, is a file.
        StorageError: nothing may be written there.
    """
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except (NotADirectoryError, FileExistsError) as cause:
        raise InputError(
            Problem(str(out), "is a file, not a folder", "the folder for the results", "give another one with --out")
        ) from cause
    except OSError as cause:
        found = f"cannot be written to: {cause.strerror}"
        raise StorageError(Problem(str(out), found, todo="give another folder with --out")) from cause
    return folder


@contextmanager
def staged(out: Path, period: Period, alone: Callable[[Path], AbstractContextManager[None]]) -> Iterator[Store]:
    """A store whose files move to ``out/<period>/`` when the block ends well and vanish when it does not.

    Args:
        out: folder of all periods.
        period: the month.
        alone: held over ``out`` while the files move, so that a run that publishes never sees half of them.

    Raises:
        InputError: ``out`` is a file.
        StorageError: nothing may be written there.
    """
    made = [p for p in (out, *out.parents) if not p.exists()]
    check_cipher()
    sweep(out)
    staging = _new_folder(out, f".{period}.{os.getpid()}")
    final = out / str(period)
    try:
        yield Store(final, staging)
        with alone(out):
            final.mkdir(parents=True, exist_ok=True)
            for path in sorted(staging.iterdir()):
                path.replace(final / path.name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        for folder in made:  # leave no trace of a command that wrote nothing
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()
