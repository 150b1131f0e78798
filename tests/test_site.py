"""The site: its reference leaves no module out, and what its hooks make comes from the package."""

import importlib.util
import re
from collections import Counter
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from screening.reactors.criteria import CRITERIA

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {path.relative_to(DOCS).as_posix(): path.read_text("utf-8") for path in sorted(DOCS.rglob("*.md"))}


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_hooks", DOCS / "hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def public_modules() -> set[str]:
    """Modules that are not the command line's, which has a page of its own."""
    found = (path.relative_to(ROOT).with_suffix("").parts for path in (ROOT / "screening").rglob("*.py"))
    return {".".join(parts) for parts in found if parts[1] != "cli" and not parts[-1].startswith("_")}


def test_every_module_is_in_the_reference_once() -> None:
    listed = Counter(re.findall(r"^::: (\S+)$", "\n".join(PAGES.values()), flags=re.MULTILINE))
    assert set(listed) == public_modules()
    assert max(listed.values()) == 1


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    notebooks = [f"gallery/{path.stem}.md" for path in (ROOT / "notebooks").glob("*.ipynb")]
    listed = re.findall(r"[:-] (\S+\.md)$", navigation, flags=re.MULTILINE)
    assert sorted(listed) == sorted([*PAGES, *notebooks])


def test_the_command_line_is_the_apps_own(hooks: ModuleType) -> None:
    told = hooks.command_line()
    heads = re.findall(r"^## (.+)$", told, flags=re.MULTILINE)
    assert {"run", "react", "snapshot fetch", "experiments example", "handoff"} <= set(heads)
    assert "snapshot" not in heads
    (react,) = re.findall(r"^## react$(.*?)^## ", told, flags=re.MULTILINE | re.DOTALL)
    assert "screening react [OPTIONS] {A B...}..." in react
    axis = "| <code>--axis &lt;atomic&#124;molar&#124;mass&gt;</code> | Mixing fraction in table and figure."
    assert f"{axis} [default: atomic] |" in react.splitlines()
    rows = [line for line in told.splitlines() if line.startswith("| ")]
    assert {line.count("|") for line in rows} == {3}
    assert not re.search(r"<(?!/?code>)", "\n".join(rows))


def test_criteria_and_error_models_are_those_of_the_package(hooks: ModuleType) -> None:
    table = hooks.criteria_table().splitlines()[2:]
    assert [re.match(r"\| `(\w+)` \| `(\w+)`", row).groups() for row in table] == [
        (each.name, each.key) for each in CRITERIA
    ]
    assert {row.count("|") for row in table} == {8}
    models = hooks.error_models_table()
    assert models.startswith("| | Li | Na | K | Mg |")
    assert "| bias of Cl, eV/ion | −0.302 ± 0.025 (n = 79) | −0.396 ± 0.028 (n = 80) |" in models
    for page, mark in (("ranking.md", hooks.CRITERIA_MARK), ("uncertainty.md", hooks.ERROR_MODELS_MARK)):
        assert PAGES[page].count(mark) == 1
        assert mark not in hooks.on_page_markdown(PAGES[page], files=None)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("figures/reaction.svg", {"LiAl | LiAlCl₄", "Li | LiAlCl₄", "4 LiCl + Al"}),
        ("figures/rest.svg", {"simulated", "τ (s)", "Time (h)"}),
    ],
)
def test_figures_are_drawn(hooks: ModuleType, address: str, words: set[str], tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    hooks.FIGURES[address](path)
    texts = {
        "".join(one.itertext()) for one in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")
    }
    assert words <= texts
    assert any(f"({address})" in page for page in PAGES.values())


def test_every_work_cited_is_listed(hooks: ModuleType) -> None:
    listed = {doi for one in hooks.references(PAGES) for doi in one.dois}
    cited = {doi: name for name, page in PAGES.items() for doi in hooks.dois_of(page)}
    for path in (ROOT / "screening").rglob("*.py"):
        cited |= dict.fromkeys(hooks.dois_of(path.read_text("utf-8")), path.name)
    missing = {doi: where for doi, where in cited.items() if doi not in listed}
    assert missing == {}, "give each an entry under References of the page that uses it"


def test_references_are_joined_by_doi(hooks: ModuleType) -> None:
    first = (
        "# A: one\n\n## References\n\n"
        "1. Z. Zeta, doi:10.1000/z(1)9-x; B. Beta,\n   doi:10.1000/b.\n2. A. Alpha, 1999\n"
    )
    second = "# B\n\nAs in doi:10.1000/Z(1)9-X.\n\n## References\n\n* Zeta, [doi](https://doi.org/10.1000/z(1)9-x)\n"
    pages = {"a.md": first + "\n## More\n\n* no work\n", "b.md": second}
    alpha, zeta = hooks.references(pages)
    assert (alpha.text, alpha.dois, alpha.pages) == ("A. Alpha, 1999", (), ("a.md",))
    assert zeta.dois == ("10.1000/b", "10.1000/z(1)9-x")
    assert zeta.pages == ("a.md", "b.md")
    assert hooks.references_list(pages).splitlines()[0] == "* A. Alpha, 1999 ([A](a.md))"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("see doi:10.1000/a(1)b.", 'see <a href="https://doi.org/10.1000/a(1)b">doi:10.1000/a(1)b</a>.'),
        ("<p>doi\n10.1000/a, b</p>", '<p><a href="https://doi.org/10.1000/a">doi:10.1000/a</a>, b</p>'),
        ("<a href='x'>doi:10.1000/a</a>", "<a href='x'>doi:10.1000/a</a>"),
        ("<pre><code>doi:10.1000/a</code></pre>", "<pre><code>doi:10.1000/a</code></pre>"),
    ],
)
def test_dois_become_links(hooks: ModuleType, html: str, expected: str) -> None:
    assert hooks.linked(html) == expected


def test_marks_stand_in_one_page_each(hooks: ModuleType) -> None:
    for mark in (hooks.VERBS, hooks.REFERENCES, hooks.GALLERY):
        assert [page.count(mark) for page in PAGES.values() if mark in page] == [1]


def test_notebooks_become_pages_with_pictures(hooks: ModuleType) -> None:
    for page in hooks.gallery():
        assert page.markdown.lstrip().startswith("# ")
        assert page.pictures
        assert all(data.startswith(b"\x89PNG") for data in page.pictures.values())
        assert re.findall(r"!\[\]\((\S+)\)\{ \.shown \}", page.markdown) == list(page.pictures)
    names = [page.name for page in hooks.gallery()]
    index = hooks.gallery_index(names[::-1])
    assert re.findall(r"\*\*\[.+\]\((\w+)\.md\)\*\*", index) == names[::-1]
