"""What the site makes from the package while it builds: figures, gallery, command line, list of references.

Nothing drawn or listed here is kept in the repository, so that nothing of it can be stale. Figures and verbs
need the package alone, the gallery nbconvert; only `on_files` needs mkdocs.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

VERBS, REFERENCES = "<!-- verbs -->", "<!-- references -->"
GALLERY, NOTEBOOKS = "<!-- gallery -->", Path(__file__).parents[1] / "notebooks"
CRITERIA_MARK, ERROR_MODELS_MARK = "<!-- criteria -->", "<!-- error models -->"
CATHOLYTES_MARK = "<!-- criteria of catholytes -->"
"""Marks in pages that give way to what is made here."""

WIDE = "---\nhide:\n  - toc\n---\n"
"""Head of a page whose tables need the room of the table of contents."""

DOI = r"""10\.\d{4,9}/(?:[^\s()<>\[\],;&"'|`]|\([^\s()]*\))*[^\s()<>\[\],;:&"'|`.*]"""
BARE_DOI = re.compile(rf"\bdoi[:\s]\s*({DOI})", flags=re.IGNORECASE)


# ------------------------------------------------------------------------------------------- figures


def reaction_figure(path: Path) -> None:
    """Lithium and LiAl against LiAlCl4, in the manner of Figure 1A of the founding paper."""
    from screening.files import write_figure
    from screening.phases.composition import parse_reactant
    from screening.phases.library import open_snapshot
    from screening.plots.interface import reaction_energy_figure
    from screening.thermo.interface import react

    snapshot, reactor = open_snapshot(), parse_reactant("LiAlCl4")
    curves = [react(snapshot, parse_reactant(a), reactor) for a in ("Li", "LiAl")]
    write_figure(path, reaction_energy_figure(curves, axis="molar"), curves[0].provenance, trim=False)


def rest_figure(path: Path) -> None:
    """Relaxation times of the simulated rest series of the example study; the word stands in the figure."""
    from screening.files import write_figure
    from screening.lab.impedance.analysis import analyse
    from screening.plots.drt import drt_figure
    from screening.simulate.impedance import rest_study, study_provenance
    from screening.validation.example_study import SEED

    analysis = analyse(rest_study().spectra(seed=SEED))
    write_figure(path, drt_figure(analysis), study_provenance())


FIGURES = {"figures/reaction.svg": reaction_figure, "figures/rest.svg": rest_figure}


# ------------------------------------------------------------------------------------------- gallery


@dataclass(frozen=True)
class Shown:
    """A notebook as a page: Markdown, and the pictures that it links, by name."""

    name: str
    markdown: str
    pictures: Mapping[str, bytes]

    @property
    def title(self) -> str:
        """Its heading."""
        return self.markdown.lstrip().partition("\n")[0].removeprefix("# ")

    @property
    def card(self) -> str:
        """Its place in the index: title, first picture, first paragraph."""
        lead = self.markdown.lstrip().split("\n\n")[1]
        picture = f"[![{self.title}]({next(iter(self.pictures))})]({self.name}.md)"
        return f"-   **[{self.title}]({self.name}.md)**\n\n    {picture}\n\n    {lead}\n"


def gallery() -> list[Shown]:
    """The notebooks with their kept outputs, by name."""
    return [shown(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))]


def shown(path: Path) -> Shown:
    """One notebook; pictures are named after it, links to the documents lead into the site."""
    from nbconvert import MarkdownExporter

    markdown, made = MarkdownExporter().from_filename(str(path))
    pictures = {f"{path.stem}_{Path(name).name}": data for name, data in made["outputs"].items()}
    for given, name in zip(made["outputs"], pictures, strict=True):
        markdown = markdown.replace(f"![png]({given})", f"![]({name}){{ .shown }}")
    markdown = re.sub(r"<style scoped>.*?</style>", "", markdown, flags=re.DOTALL)
    return Shown(path.stem, markdown.replace("](../docs/", "](../"), pictures)


def gallery_index(order: Sequence[str]) -> str:
    """Cards of the notebooks in an order of their names, as Markdown."""
    pages = {each.name: each for each in gallery()}
    cards = "\n".join(pages[name].card for name in order)
    return f'<div class="grid cards" markdown>\n\n{cards}\n</div>'


# ------------------------------------------------------------------------------------ the command line


def command_line() -> str:
    """Every verb with its arguments and options, as ``--help`` tells them, as Markdown."""
    from typer.main import get_command

    from screening.cli import app

    verbs = _verbs(get_command(app), "screening")
    return "\n".join(line for name, verb in verbs for line in _described(name, verb))


def _verbs(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Verbs below a command in the order of the help page, those of groups in the group's place."""
    for word, verb in command.commands.items():
        if hasattr(verb, "commands"):
            yield from _verbs(verb, f"{name} {word}")
        else:
            yield f"{name} {word}", verb


def _described(name: str, verb: Any) -> Iterator[str]:
    context = verb.context_class(verb, info_name=name)
    yield from (f"## {name.removeprefix('screening ')}", "", *verb.help.splitlines(), "")
    yield from ("```text", verb.get_usage(context).removeprefix("Usage: "), "```", "")
    records = [entry for each in verb.params if (entry := each.get_help_record(context))]
    if records:
        yield from ("| argument or option | meaning |", "|---|---|")
        yield from (f"| <code>{_cell(left)}</code> | {_cell(right)} |" for left, right in records)
        yield ""


def _cell(text: str) -> str:
    """Plain text for a cell of a Markdown table; what stands in backquotes is code."""
    plain = escape(" ".join(text.split()), quote=False).replace("|", "&#124;").replace("*", "&#42;")
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", plain)


# --------------------------------------------------------------------------- criteria and error models


def criteria_table(role: str = "reactor") -> str:
    """The registry of criteria of a role as a Markdown table."""
    from screening.reactors.placement_criteria import criteria_of

    lines = ["| criterion | short | unit | better | weight | worst → best | what it is |", "|---" * 7 + "|"]
    for each in criteria_of(role):
        rule = each.default
        better = f"target {rule.best:g}" if rule.target else each.sense
        distance = f"±{abs(rule.worst - rule.best):g} from it"
        bounds = distance if rule.target else f"{rule.worst:.3g} → {rule.best:.3g}"
        bounds = bounds.replace("-", "−") + (", log" if rule.scale == "log" else "")
        cells = (f"`{each.name}`", f"`{each.key}`", each.unit, better, f"{rule.weight:g}", bounds)
        lines.append(f"| {' | '.join(cells)} | {_cell(each.meaning)} |")
    return "\n".join(lines)


def error_models_table() -> str:
    """Every error model with its coverage as a Markdown table, one column per mobile ion."""
    from screening.reactors.bound import ANION_VALENCE
    from screening.reactors.uncertainty import error_models, model_coverage

    models, coverage = error_models(), model_coverage()
    rows = {
        f"bias of {x}, eV/ion": [_bias(m.anions[k]) for m in models.values()]
        for k, x in enumerate(ANION_VALENCE)
    }
    spreads = {
        "σ, not yet a salt of the ion": "reduction_sd_ev_per_atom",
        "σ, three or more elements": "mixing_sd_ev_per_atom",
        "σ, alloy of the ion's metal": "alloy_sd_ev_per_atom",
        "σ, other compound of metals": "intermetallic_sd_ev_per_atom",
    }
    rows |= {head: [f"{getattr(m, name):.3f}" for m in models.values()] for head, name in spreads.items()}
    rows["measured salts"] = [str(coverage[ion]["n_salts"]) for ion in models]
    rows["measured reductions"] = [str(coverage[ion]["n_reductions"]) for ion in models]
    for share in (95, 68):
        rows[f"inside {share} %"] = [f"{100.0 * coverage[ion][f'within_{share}']:.1f} %" for ion in models]
    lines = [f"| | {' | '.join(models)} |", "|---" * (len(models) + 1) + "|"]
    return "\n".join([*lines, *(f"| {head} | {' | '.join(cells)} |" for head, cells in rows.items())])


def _bias(anion: Any) -> str:
    measured = f"n = {anion.n_measured}" if anion.n_measured else "not measured"
    text = f"{anion.bias_ev_per_ion:+.3f} ± {anion.bias_sd_ev_per_ion:.3f} ({measured})"
    return text.replace("-", "−")


# ---------------------------------------------------------------------------------------- references


@dataclass(frozen=True)
class Reference:
    """One work, as the first page that lists it words it, and the pages that cite it."""

    text: str
    dois: tuple[str, ...]
    pages: tuple[str, ...]


def dois_of(text: str) -> set[str]:
    """Every DOI in a text, in lower case."""
    return {match.lower() for match in re.findall(DOI, text)}


def listed(page: str) -> list[str]:
    """Items of a page's list of references, each on one line."""
    _, found, section = page.partition("\n## References\n")
    items = re.split(r"^(?:\d+\.|\*) ", section.partition("\n## ")[0] if found else "", flags=re.MULTILINE)
    return [" ".join(item.split()) for item in items[1:]]


def references(pages: Mapping[str, str]) -> list[Reference]:
    """The works that pages list, each once, by first word.

    Parameters
    ----------
    pages : mapping of str to str
        Markdown by address.
    """
    first: dict[str, set[str]] = {}
    for page in pages.values():
        for item in listed(page):
            dois = dois_of(item)
            if not dois or not dois <= set().union(*first.values()):
                first.setdefault(item, dois)
    found = []
    for text, dois in first.items():
        citing = (name for name, page in pages.items() if text in listed(page) or dois_of(page) & dois)
        found.append(Reference(text, tuple(sorted(dois)), tuple(citing)))
    return sorted(found, key=lambda one: re.sub(r"^(?:[A-Z]\.[- ]?)+|\W", "", one.text).casefold())


def references_list(pages: Mapping[str, str]) -> str:
    """`references` as Markdown, with links to the pages that cite each."""

    def link(address: str) -> str:
        title = re.search(r"^# (.+)$", pages[address], flags=re.MULTILINE)
        return f"[{re.split('[:,]', title[1])[0] if title else address}]({address})"

    works = references(pages)
    return "\n".join(f"* {one.text.rstrip('.')} ({', '.join(map(link, one.pages))})" for one in works)


def linked(html: str) -> str:
    """HTML with every bare DOI made a link; code and what is a link already stay as they are."""
    parts = re.split(r"(<[^>]+>)", html)
    inside = 0
    for number, part in enumerate(parts):
        if tag := re.match(r"<(/?)(?:a|pre|code)\b", part):
            inside += -1 if tag[1] else 1
        elif not inside and not part.startswith("<"):
            parts[number] = BARE_DOI.sub(r'<a href="https://doi.org/\1">doi:\1</a>', part)
    return "".join(parts)


# -------------------------------------------------------------------------------------- mkdocs' events


def on_files(files: Any, config: Any, **_: object) -> Any:
    """Add the figures and the gallery."""
    from mkdocs.structure.files import File

    for address, draw in FIGURES.items():
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / Path(address).name
            draw(path)
            files.append(File.generated(config, address, content=path.read_text("utf-8")))
    for each in gallery():
        files.append(File.generated(config, f"gallery/{each.name}.md", content=WIDE + each.markdown))
        for name, data in each.pictures.items():
            files.append(File.generated(config, f"gallery/{name}", content=data))
    return files


def on_page_markdown(markdown: str, files: Any, config: Any = None, **_: object) -> str:
    """Put in place of the marks what they stand for."""
    made = {
        VERBS: command_line,
        CRITERIA_MARK: criteria_table,
        CATHOLYTES_MARK: partial(criteria_table, "catholyte"),
        ERROR_MODELS_MARK: error_models_table,
    }
    for mark, make in made.items():
        if mark in markdown:
            markdown = markdown.replace(mark, make())
    if GALLERY in markdown:
        names = re.findall(r"gallery/(\w+)\.md", str(config.nav))
        markdown = markdown.replace(GALLERY, gallery_index([name for name in names if name != "index"]))
    if REFERENCES in markdown:
        pages = {file.src_uri: file.content_string for file in files.documentation_pages()}
        markdown = markdown.replace(REFERENCES, references_list(pages))
    return markdown


def on_page_content(html: str, **_: object) -> str:
    """Make DOIs links, those of docstrings too."""
    return linked(html)
