"""LibreOffice without a window: what an officer does with a worklist on a computer, by a macro in a fresh profile.

Opening, choosing from the lists of choices, and saving are LibreOffice's own; no package beside it is needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = ("soffice", "libreoffice")
PATIENCE = 120.0
MACRO = Path(__file__).with_name("fill.bas")
_LIBRARY = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:library PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "library.dtd">
<library:library xmlns:library="http://openoffice.org/2000/library" library:name="Standard" library:readonly="false"
 library:passwordprotected="false"><library:element library:name="Fill"/></library:library>
"""
_MODULE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Fill" script:language="StarBasic">
<![CDATA[{code}]]></script:module>
"""


def find_office_program() -> str | None:
    """LibreOffice's program, where there is one; ``TEPAT_SOFFICE`` names another."""
    said = os.environ.get("TEPAT_SOFFICE")
    return said or next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass(frozen=True)
class Filled:
    """A form filled and saved in ``folder`` (XLSX; ODS too where it is not locked), and what the macro told.

    ``sheets`` says how each sheet stands; ``cases``, ``chosen``, ``notes`` and ``locks`` have a line an answer.
    """

    folder: Path
    sheets: list[str]
    cases: list[str]
    chosen: list[str]
    notes: list[str]
    locks: list[str]


@dataclass(frozen=True)
class OfficeProgram:
    """LibreOffice with a profile of its own."""

    program: str
    profile: Path

    def __post_init__(self) -> None:
        self._start("--terminate_after_init")  # a first start fills the profile, and would write over the macro
        basic = self.profile / "user" / "basic" / "Standard"
        (basic / "script.xlb").write_text(_LIBRARY, encoding="utf-8")
        (basic / "Fill.xba").write_text(_MODULE.format(code=MACRO.read_text(encoding="utf-8")), encoding="utf-8")

    def fill(self, form: Path, folder: Path, passphrase: str = "") -> Filled:
        """Fill a worklist: every answer gets the second of its choices, the day 12/11/2026 and a note."""
        folder.mkdir(parents=True, exist_ok=True)
        told = folder / "told.txt"
        mine = Path(shutil.copy(form, folder))
        said = [mine.resolve().as_uri(), mine.with_suffix(".ods").resolve().as_uri(), str(told), passphrase]
        quoted = ",".join(f'"{each}"' for each in said)
        self._start(f"macro:///Standard.Fill.FillForm({quoted})")
        assert told.exists(), "the macro did not start"
        *lines, last = [line.split("\t") for line in told.read_text(encoding="utf-8").splitlines()]
        assert last == ["end"], last
        answers = [line[1:] for line in lines if line[0] == "answer"]
        cases, chosen, notes, locks = ([a[n] for a in answers] for n in range(4))
        return Filled(folder, [line[1] for line in lines if line[0] == "sheet"], cases, chosen, notes, locks)

    def _start(self, what: str) -> None:
        profile = f"-env:UserInstallation={self.profile.resolve().as_uri()}"
        command = [self.program, profile, "--headless", "--norestore", what]
        subprocess.run(command, check=True, timeout=PATIENCE, capture_output=True)
