"""The docs as a site: every link leads somewhere, and whoever reads it from disk needs nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.browser import browser, find_browser

ROOT = Path(__file__).resolve().parents[2]


def built(folder: Path) -> subprocess.CompletedProcess[str]:
    """The site of a copy of the docs, made as `make docs` makes it."""
    return subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "--clean"], cwd=folder, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("zensical") is None:
        pytest.skip("the site generator is not here: pip install 'tepat-sasaran[docs]'")
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "mkdocs.yml", folder)
    return folder


@pytest.fixture(scope="module")
def site(copy: Path) -> Path:
    done = built(copy)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy / "build" / "site"


def test_every_page_has_a_place_in_the_contents() -> None:
    contents = re.findall(r"[\w/-]+\.md", yaml.safe_dump(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    pages = {str(p.relative_to(ROOT / "docs")) for p in (ROOT / "docs").rglob("*.md")}
    assert sorted(contents) == sorted(pages)


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        text = page.read_text(encoding="utf-8")
        fetched = re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="?(?:https?:)?//[^ >]*', text)
        assert fetched == [], page
        assert not re.search(r"\d{16}", text), page


def test_a_broken_link_stops_the_build(copy: Path, site: Path, tmp_path: Path) -> None:
    shutil.copytree(copy, tmp_path / "broken", ignore=shutil.ignore_patterns("build", ".cache"))
    page = tmp_path / "broken" / "docs" / "index.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n[nowhere](nowhere.md)\n", encoding="utf-8")
    assert built(tmp_path / "broken").returncode != 0


def test_pages_open_from_disk_without_a_network(site: Path) -> None:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine; TEPAT_BROWSER names one")
    with browser(program) as tab:
        for name in ("index.html", "mulai-cepat.html", "reference/commands.html", "explanation/privacy.html"):
            tab.open(site / name, width=360)
            assert (tab.failed, tab.console) == ([], []), name
            assert not [r for r in tab.requests if not r.startswith(("file:", "data:"))], name
            assert tab.run("document.documentElement.scrollWidth") <= 360, name
