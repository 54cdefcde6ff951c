"""Stage files → ``data/clean/tepat.duckdb``: whole or not at all.

Belongs here: the identity of a run, the schema of the database, the two commits with the recount between them, the
hash chains, the copy for notebooks. Not here: opening the file (:mod:`pipeline.database`), reading what is published
(:mod:`pipeline.history`).

``identity.py`` what makes two runs the same · ``schema.py`` tables and views · ``content.py`` what is counted and
checked · ``commit.py`` the two commits · ``chain.py`` hash chains and the access log · ``copy.py`` the read-only copy.
"""

from pathlib import Path

from pipeline.database import DATABASE, READ_ONLY_COPY
from pipeline.history import judgements, judgements_hash
from pipeline.publish.chain import record_access
from pipeline.publish.commit import already_published, publish
from pipeline.publish.copy import refresh_copy
from pipeline.publish.identity import RunIdentity, code_version

__all__ = [
    "RunIdentity",
    "already_published",
    "code_version",
    "database_path",
    "judgements",
    "judgements_hash",
    "publish",
    "read_only_path",
    "record_access",
    "refresh_copy",
]


def database_path(out: Path) -> Path:
    """The database of published runs in ``out``."""
    return out / DATABASE


def read_only_path(out: Path) -> Path:
    """The copy for notebooks in ``out``."""
    return out / READ_ONLY_COPY
