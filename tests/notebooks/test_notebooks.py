"""The notebooks run on any published month, draw pictures, and are kept without outputs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def code_of(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def outputs(published_district):
    """Notebook → outputs of its cells; all run in their folder by one kernel, each with a clean slate."""
    cells, owners = [], []
    for path in NOTEBOOKS:
        code = code_of(path)
        cells += [nbformat.v4.new_code_cell("%reset -f"), *code]
        owners += [path] * (1 + len(code))
    book = nbformat.v4.new_notebook(cells=cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEPAT_OUT", str(published_district))
        patch.setenv("PYTHONPATH", str(FOLDER.parent))
        where = {"metadata": {"path": str(FOLDER)}}
        NotebookClient(book, timeout=120, kernel_name="python3", resources=where).execute()
    return {p: [o for c, of in zip(cells, owners, strict=True) if of == p for o in c.outputs] for p in NOTEBOOKS}


@each_notebook
def test_a_notebook_is_kept_without_outputs(path):
    code = code_of(path)
    assert code
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


@each_notebook
def test_a_notebook_shows_pictures_of_something_rather_than_prints(path, outputs):
    pictures = [o["data"]["image/svg+xml"] for o in outputs[path] if "image/svg+xml" in o.get("data", {})]
    assert len(pictures) >= 4
    assert all("aria-roledescription" in picture for picture in pictures)
    assert not [o for o in outputs[path] if o.output_type == "stream"]
