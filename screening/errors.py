"""One small family of errors; each carries the exit status that the command line ends with."""

MOST_SHOWN = 60
"""Characters of a faulty value that a message repeats."""


def quoted(text: str) -> str:
    """A text from outside as a message shows it: cut, in quotes, control characters escaped."""
    return repr(text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…")


def printable(text: str) -> str:
    """A text on one line with its control characters escaped, so that none reaches a terminal."""
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


class ScreeningError(Exception):
    """Anything the user can mend, told in one line: what is wrong, where, and the remedy.

    Parameters
    ----------
    message : str
        What is wrong, with the offending value.
    where : str, optional
        File, row, option or key that holds the value.
    remedy : str, optional
        What to do about it.
    """

    exit_status = 2

    def __init__(self, message: str, *, where: str = "", remedy: str = "") -> None:
        self.message, self.where, self.remedy = message, where, remedy
        located = f"{where}: {message}" if where else message
        line = f"{located}; {remedy}" if remedy else located
        super().__init__(printable(line))

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the journey back from a worker process."""
        return (_rebuild, (type(self), self.message, self.where, self.remedy))


def _rebuild(kind: type[ScreeningError], message: str, where: str, remedy: str) -> ScreeningError:
    return kind(message, where=where, remedy=remedy)


class InputError(ScreeningError):
    """A formula, file, option or study that cannot be used as it stands."""


class SnapshotError(ScreeningError):
    """A snapshot that is damaged, incomplete or mixes energy schemes."""


class UnreachableError(ScreeningError):
    """Data that cannot be reached: no key, no network, a server that refuses."""

    exit_status = 3


class IncompleteError(ScreeningError):
    """Results that changed while they were made: what is there must not be taken for the whole."""

    exit_status = 1
