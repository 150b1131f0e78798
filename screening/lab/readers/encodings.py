"""Encodings of text files: marked or not, European or Chinese; rows that a spreadsheet quoted whole."""

import re

HEAD_BYTES = 2**16
MIN_ZERO_SHARE = 0.4
"""Zeros among every second byte from which on a text is taken for UTF-16."""

CHINESE_SHARE = 0.9
_CHINESE = re.compile(r"[\u4e00-\u9fff]{2,}")
_CHINESE_SIGNS = re.compile(r"(?<=[(\[/kmM])[℃Ω]")

FEW_ZEROS = 0.01
QUOTED_HEAD_LINES = 2000

_QUOTED_NUMBER = re.compile(
    r'(?:^|(?<=,))"[ ]*([+-]?\d+(?:,\d+)+(?:\.\d*)?|[+-]?\d+,\d+e[+-]?\d+)[ ]*"(?=,|$)', re.M | re.I
)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?")
_DECIMAL_POINT = re.compile(r"(?:^|,)\"?[+-]?\d+\.\d+(?:e[+-]?\d+)?\"?(?=,|$)", re.M | re.I)
_PARTED = re.compile(r"(?<![\d.,'’\xa0\u202f])(\d{1,3}(['’\xa0\u202f])\d{3}(?:\2\d{3})*)(?![\d'’\xa0\u202f])")
FEW_QUOTED = 3
"""Fewer numbers with a quoted comma may stand in a header."""

_QUOTED_ROW = re.compile(r'"[^"\n]*[,;\t][^"\n]*"')
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def encoding_of(data: bytes) -> str:
    """Encoding that a byte-order mark or the zeros of UTF-16 tell; empty where neither does."""
    return next((name for mark, name in _MARKS if data.startswith(mark)), "") or _unmarked_utf16(data)


def _unmarked_utf16(data: bytes) -> str:
    """UTF-16 without a mark: digits, separators and line ends have a zero for one of their two bytes."""
    head = data[:HEAD_BYTES]
    even, odd = (head[start::2].count(0) / max(len(head) // 2, 1) for start in (0, 1))
    if max(even, odd) < MIN_ZERO_SHARE or min(even, odd) > FEW_ZEROS:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def decode_bytes(data: bytes) -> tuple[str, str]:
    """UTF-8, else GB 18030 where that makes Chinese words, else Windows-1252.

    Almost any bytes are GB 18030; those of a European text become single characters between letters, those of
    a Chinese one runs of characters that the national standard of 1980 holds.
    """
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        chinese = data.decode("gb18030")
        words = "".join(_CHINESE.findall(chinese)) + "".join(_CHINESE_SIGNS.findall(chinese))
        foreign = [c for c in chinese if not c.isascii()]
        if words and len(words) >= CHINESE_SHARE * len(foreign):
            words.encode("gb2312")
            return chinese, "gb18030"
    except UnicodeError:
        pass
    return data.decode("cp1252", errors="replace"), "cp1252"


def unquoted_rows(content: str) -> str:
    """Take the quotes off rows that a spreadsheet put into quotes whole."""
    head = [line for line in content.split("\n", QUOTED_HEAD_LINES)[:QUOTED_HEAD_LINES] if line.strip()]
    if 2 * sum(_QUOTED_ROW.fullmatch(line) is not None for line in head) <= len(head):
        return content
    return "\n".join(line[1:-1] if _QUOTED_ROW.fullmatch(line) else line for line in content.split("\n"))


def without_parted_thousands(content: str) -> str:
    """Numbers grouped by apostrophes or blanks that do not break (``1'234.5``), which part nothing else."""
    if not any(mark in content for mark in "'’\xa0\u202f"):
        return content
    return _PARTED.sub(lambda found: found[1].replace(found[2], ""), content)


def without_quoted_commas(content: str) -> str:
    """Numbers of a table parted by commas that stand in quotes for their own comma, as plain numbers.

    ``"316,227.766"`` is grouped by thousands; so is ``"3,500"`` where other numbers have a decimal point. The
    comma of ``"0,035"`` is the decimal mark.

    Raises
    ------
    ValueError
        If nothing tells thousands from decimals; the message is the first such number.
    """
    quoted = _QUOTED_NUMBER.findall(content)
    if not quoted:
        return content
    grouped = all(map(_GROUPED.fullmatch, quoted))
    if grouped and (
        any("." in cell or cell.count(",") > 1 for cell in quoted) or _DECIMAL_POINT.search(content)
    ):
        return _QUOTED_NUMBER.sub(lambda found: found[1].replace(",", ""), content)
    if not grouped and all(cell.count(",") == 1 and "." not in cell for cell in quoted):
        return _QUOTED_NUMBER.sub(lambda found: found[1].replace(",", "."), content)
    if len(quoted) >= FEW_QUOTED:
        raise ValueError(quoted[0])
    return content
