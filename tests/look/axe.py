"""axe-core in a page: what keeps people from reading it. ``npm install --prefix tests/look`` brings it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.browser import Tab

PLACE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


def find_axe() -> Path | None:
    """axe-core's file, where TEPAT_AXE says it is or where npm puts it."""
    said = os.environ.get("TEPAT_AXE")
    path = Path(said) if said else PLACE
    return path if path.is_file() else None


def serious_issues(tab: Tab, axe: Path) -> list[dict[str, Any]]:
    """Issues of impact serious or critical on the open page, by WCAG 2 A and AA."""
    tab.run(axe.read_text(encoding="utf-8") + ";0")
    found: dict[str, Any] = tab.run(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}).then(r => ({violations: "
        "r.violations.map(v => ({id: v.id, impact: v.impact, help: v.help, where: v.nodes.slice(0, 3).map(n => "
        "n.target.join(' ') + ': ' + n.html.slice(0, 200) + ' ' + n.failureSummary.slice(0,200))}))}))"
    )
    return [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
