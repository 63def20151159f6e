"""Every link and path that a document names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "deploy/README.md"])
_LINK = re.compile(r"\]\(([^)#:]+)\)|(?:src|href)=\"([^\"#:]+)\"")
_FOLDERS = "api|bench|deploy|docs|edge|firmware_sim|frostline|gateway|routing|schemas|tests"
_PATH = re.compile(rf"`((?:{_FOLDERS})/[\w./-]+)`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = {document.parent / (one or other) for one, other in _LINK.findall(text)}
    paths = {ROOT / name for name in _PATH.findall(text)}
    assert [path for path in sorted(links | paths) if not path.exists()] == []
