"""Sheets as files: HTML for the screen, PDF for the bench, JSON for a robot."""

from contextlib import ExitStack
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from markupsafe import Markup
from reportlab.lib.enums import TA_RIGHT

from screening.files import as_name, atomic_write, json_text, output_directory, template
from screening.handoff.block import Block, Table
from screening.handoff.drawings import WIDTH_PT, staircase, sticks, svg
from screening.handoff.layout import blocks, chemical
from screening.handoff.sheet import BenchSheet

if TYPE_CHECKING:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Flowable

SANS, BOLD = "DejaVuSans", "DejaVuSans-Bold"
"""Faces with Greek letters and subscripts, of the DejaVu family that matplotlib brings along."""

MARGIN_MM, TEXT_PT, LEADING_PT, TITLE_PT = 8.0, 9.0, 10.6, 14.0
"""A4 in a size that is read at the bench."""

FRAME_PADDING_PT = 6.0
"""What reportlab leaves free on each side within the margins."""

WORD_PT = 0.58
"""Mean width of a character, as a share of its size."""

WIDEST_COLUMN = 90
"""Characters; text beyond makes a column no wider: it breaks instead."""


LEAST_OF_A_BLOCK_PT = 60.0
"""Of a block so much stands together at least."""

FIELDS = "Date ______________   Operator ______________________   Batch ______________   Cells ______________"

SIDES = ("TOP", "BOTTOM", "LEFT", "RIGHT")

DRAWINGS = {"staircase": staircase, "sticks": lambda sheet: sticks(sheet.patterns)}
"""Drawings by the name that a block gives."""


def write_sheets(directory: Path, sheets: tuple[BenchSheet, ...]) -> tuple[Path, ...]:
    """Write each sheet as html, pdf and json under the name of its formula; all of them or none.

    Returns
    -------
    tuple of Path
        What was written, in order.

    Raises
    ------
    InputError
        If the directory, or a file in it, cannot be written.
    """
    output_directory(directory)
    written: list[Path] = []
    for sheet in sheets:
        stem = directory / as_name(sheet.formula)
        page, paper, robot = (stem.with_name(f"{stem.name}.{kind}") for kind in ("html", "pdf", "json"))
        written += [page, paper, robot]
    # drafts of all first: they take their places together once every one of them is made
    with ExitStack() as stack:
        drafts = iter([stack.enter_context(atomic_write(path)) for path in written])
        for sheet in sheets:
            next(drafts).write_text(sheet_html(sheet), "utf-8")
            _write_pdf(next(drafts), sheet)
            next(drafts).write_text(json_text(sheet.as_dict()), "utf-8")
    return tuple(written)


def sheet_html(sheet: BenchSheet) -> str:
    """One self-contained page; every word that comes from a file is escaped, and nothing is fetched."""
    _register_fonts()
    style = (files("screening.handoff") / "templates" / "sheet.css").read_text("utf-8")
    return template("screening.handoff", "sheet.html").render(
        formula=chemical(sheet.formula),
        blocks=blocks(sheet),
        drawings={
            name: Markup(svg(drawn)) for name, draw in DRAWINGS.items() if (drawn := draw(sheet)) is not None
        },
        provenance=sheet.provenance.line(),
        style=Markup(style),
    )


def _register_fonts() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    package = find_spec("matplotlib")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("matplotlib, whose fonts a sheet is set in, is not installed")
    folder = Path(package.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"
    for name in (SANS, BOLD):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, folder / f"{name}.ttf"))


def _write_pdf(path: Path, sheet: BenchSheet) -> None:
    """Set one sheet on A4."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    _register_fonts()
    plain = ParagraphStyle("plain", fontName=SANS, fontSize=TEXT_PT, leading=LEADING_PT)
    title = ParagraphStyle("title", plain, fontName=BOLD, fontSize=TITLE_PT, leading=1.3 * TITLE_PT)
    margin = MARGIN_MM * mm
    document = SimpleDocTemplate(
        str(path),
        pagesize=A4,
        leftMargin=margin,
        rightMargin=margin,
        topMargin=margin,
        bottomMargin=margin,
        title=f"{sheet.formula}: bench sheet",
        subject=sheet.provenance.line(),
        invariant=1,
    )
    story: list[Flowable] = [
        Paragraph(escape(f"{chemical(sheet.formula)}: bench sheet"), title),
        Paragraph(escape(sheet.provenance.line()), plain),
    ]
    width = A4[0] - 2.0 * margin - 2.0 * FRAME_PADDING_PT
    story.append(Paragraph(escape(FIELDS), ParagraphStyle("fields", plain, spaceBefore=6.0, spaceAfter=2.0)))
    for block in blocks(sheet):
        drawing = DRAWINGS[block.drawing](sheet) if block.drawing else None
        story += _set_block(block, plain, width, drawing)
    document.build(story)


def _set_block(
    block: Block, plain: "ParagraphStyle", width: float, drawing: "Flowable | None"
) -> list["Flowable"]:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import CondPageBreak, Paragraph

    head = ParagraphStyle("head", plain, fontName=BOLD, fontSize=TEXT_PT + 1.2, leading=13.0, spaceBefore=6.0)
    parts: list[Flowable] = [CondPageBreak(LEAST_OF_A_BLOCK_PT), Paragraph(escape(block.title), head)]
    red = ParagraphStyle("red", plain, fontName=BOLD, textColor="#b00020")
    parts += [Paragraph(escape(sentence), red) for sentence in block.red]
    said = [Paragraph(escape(sentence), plain) for sentence in block.sentences]
    parts += said if drawing is None else [_beside(said, drawing, width)]
    if block.table is not None and block.compact:
        parts.append(Paragraph(escape(_run_on(block.table)), plain))
    elif block.table is not None:
        parts.append(_set_table(block.table, plain, width))
    return parts


def _beside(said: list["Flowable"], drawing: "Flowable", width: float) -> "Flowable":
    """Sentences with their drawing to the right."""
    from reportlab.platypus import Table as PdfTable

    bare = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        *((f"{side}PADDING", (0, 0), (-1, -1), 0.0) for side in SIDES),
    ]
    return PdfTable([[said, drawing]], colWidths=[width - WIDTH_PT, WIDTH_PT], style=bare, splitInRow=1)


def _run_on(table: Table) -> str:
    """A table as text: the first heading and the last tell what is written, row by row."""
    rows = "; ".join(f"{row[0]} {row[1]}: {row[-1]}" for row in table.rows)
    return f"{table.headings[0]}, {table.headings[1].lower()}: {table.headings[-1].lower()}. {rows}."


def _set_table(table: Table, plain: "ParagraphStyle", width: float) -> "Flowable":
    from reportlab.lib import colors
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph
    from reportlab.platypus import Table as PdfTable

    right = ParagraphStyle("right", plain, alignment=TA_RIGHT)
    bold = ParagraphStyle("bold", plain, fontName=BOLD)
    bold_right = ParagraphStyle("bold right", bold, alignment=TA_RIGHT)
    numbers = set(table.numbers)
    heads = enumerate(table.headings)
    cells = [[Paragraph(escape(text), bold_right if i in numbers else bold) for i, text in heads]]
    cells += [
        [Paragraph(escape(text), right if i in numbers else plain) for i, text in enumerate(row)]
        for row in table.rows
    ]
    columns = [*zip(table.headings, *table.rows, strict=True)]
    words = [max(len(word) for text in column for word in text.split(" ")) + 3 for column in columns]
    lengths = [min(WIDEST_COLUMN, max(map(len, column)) + 3) for column in columns]
    rules = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black),
        ("LINEBELOW", (0, 1), (-1, -1), 0.2, colors.lightgrey),
        ("TOPPADDING", (0, 0), (-1, -1), 0.2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 0.8),
        ("LEFTPADDING", (0, 0), (-1, -1), 0.0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 5.0),
    ]
    least = [WORD_PT * TEXT_PT * word for word in words]  # no word, as MPa, is ever broken
    narrow = {i: low for i, low in enumerate(least) if low > width * lengths[i] / sum(lengths)}
    share = (width - sum(narrow.values())) / max(sum(lengths) - sum(lengths[i] for i in narrow), 1)
    widths = [narrow.get(i, share * length) for i, length in enumerate(lengths)]
    return PdfTable(cells, colWidths=widths, style=rules, repeatRows=1, spaceBefore=1.5)
