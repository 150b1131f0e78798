"""The Materials Project, live: the only module that talks to its client."""

import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

from screening.errors import InputError, UnreachableError
from screening.phases.entries import (
    Entry,
    Summary,
    entry_of_computed,
    entry_of_document,
    identifier,
    summary_of_document,
)
from screening.phases.relaxed import Relaxed, calculation, relaxed_of
from screening.phases.schemes import ThermoType
from screening.phases.system_names import subsystems
from screening.phases.transport import Patience, Session, checked_endpoint

if TYPE_CHECKING:
    from mp_api.client import MPRester

T = TypeVar("T")

_KEY = re.compile(r"[A-Za-z0-9]{32}")
_VERSION = re.compile(r"[A-Za-z0-9._-]{1,40}")
_THERMO_FIELDS = [
    "material_id",
    "composition",
    "volume",
    "energy_per_atom",
    "uncorrected_energy_per_atom",
    "energy_type",
    "thermo_type",
    "builder_meta",
]
_STRUCTURE_FIELDS = ["material_id", "thermo_type", "entries"]
_SUMMARY_FIELDS = ["material_id", "band_gap", "theoretical"]

PAGE = 1000
"""Documents of one page, the most that the service gives at once."""

_IDENTIFIERS_A_REQUEST = 500
"""Identifiers of some 13 characters: their request stays below the 8 kB that web servers accept."""


@dataclass(frozen=True)
class Key:
    """An API key and where it was found; the key itself is never shown."""

    value: str = field(repr=False)
    source: str


def find_key() -> Key:
    """The user's key: ``MP_API_KEY``, else ``PMG_MAPI_KEY``, else pymatgen's settings file.

    Raises
    ------
    UnreachableError
        If there is none, or it is not 32 letters and digits.
    """
    key = _first_key()
    require_key(key)
    return key


def require_key(key: Key) -> None:
    """Refuse what is no key; it is repeated nowhere.

    Raises
    ------
    UnreachableError
        If it is empty, or not 32 letters and digits.
    """
    remedy = "set MP_API_KEY; keys are at https://materialsproject.org/api"
    if not key.value:
        raise UnreachableError("no key for the Materials Project", remedy=remedy)
    if not _KEY.fullmatch(key.value):
        raise UnreachableError(
            "the key is malformed: it should be 32 letters and digits", where=key.source, remedy=remedy
        )


def _first_key() -> Key:
    for name in ("MP_API_KEY", "PMG_MAPI_KEY"):
        if os.environ.get(name):
            return Key(os.environ[name], name)
    from pymatgen.core import SETTINGS

    return Key(str(SETTINGS.get("PMG_MAPI_KEY") or ""), "pymatgen's settings file")


@dataclass(frozen=True)
class MaterialsProject:
    """An open connection to one version of the database; see `connect`.

    Attributes
    ----------
    endpoint : str
    database_version : str
        As ``2026.04.13``.
    """

    endpoint: str
    database_version: str
    _session: Session = field(repr=False)
    _rester: "MPRester" = field(repr=False)

    def entries(self, chemsystems: Sequence[str], thermo_type: ThermoType) -> list[Entry]:
        """Entries of exactly these systems (subsystems are not added), without structures.

        Raises
        ------
        UnreachableError
            If the service refuses, fails, or answers what cannot be understood.
        """

        def ask() -> list[Entry]:
            documents = self._rester.materials.thermo.search(
                chemsys=list(chemsystems), thermo_types=[thermo_type.value], fields=_THERMO_FIELDS
            )
            _require_scheme(thermo_type, {str(each["thermo_type"]) for each in documents}, self.endpoint)
            summaries = self._summaries(chemsys=list(chemsystems))
            return [
                entry_of_document(each, summaries.get(identifier(each["material_id"]), Summary()))
                for each in documents
            ]

        return _distinct(_translated(ask, self._session, self.endpoint), self.endpoint)

    def count(self, thermo_type: ThermoType) -> int:
        """How many entries the whole database holds of one scheme.

        Raises
        ------
        UnreachableError
            As of `entries`.
        """

        def ask() -> int:
            return int(self._rester.materials.thermo.count({"thermo_types": thermo_type.value}))

        return _translated(ask, self._session, self.endpoint)

    def page(self, number: int, thermo_type: ThermoType) -> list[Entry]:
        """Entries of one page of the whole database, `PAGE` of them, counted from 0.

        The client's public search cannot begin at a page, so that what it broke off it would begin again.

        Raises
        ------
        UnreachableError
            As of `entries`.
        """

        def ask() -> list[Entry]:
            documents = self._rester.materials.thermo._query_resource(
                criteria={"thermo_types": thermo_type.value, "_limit": PAGE, "_skip": number * PAGE},
                fields=_THERMO_FIELDS,
                num_chunks=1,
                chunk_size=PAGE,
            )["data"]
            _require_scheme(thermo_type, {str(each["thermo_type"]) for each in documents}, self.endpoint)
            named = [str(each["material_id"]) for each in documents]
            summaries: dict[str, Summary] = {}
            for first in range(0, len(named), _IDENTIFIERS_A_REQUEST):
                summaries |= self._summaries(material_ids=named[first : first + _IDENTIFIERS_A_REQUEST])
            return [
                entry_of_document(each, summaries.get(identifier(each["material_id"]), Summary()))
                for each in documents
            ]

        return _distinct(_translated(ask, self._session, self.endpoint), self.endpoint)

    def mixed_entries(self, chemsys: str) -> list[Entry]:
        """Entries of one whole system on the mixed GGA(+U)/r2SCAN scale, subsystems included.

        Mixing corrections refer to the hull of one system, so that they are taken from the phase diagram
        that the Materials Project built for it, and from nowhere else.

        Raises
        ------
        UnreachableError
            If the bucket of phase diagrams cannot be reached or holds none for this system.
        """

        def ask() -> list[Entry] | None:
            diagram = self._mixed_diagram(chemsys)
            if diagram is None:
                return None
            summaries = self._summaries(chemsys=subsystems(chemsys))
            return [
                entry_of_computed(each, summaries.get(identifier(each.data["material_id"]), Summary()))
                for each in diagram.all_entries
            ]

        return self._from_bucket(ask, chemsys)

    def structures(self, entries: Sequence[Entry], thermo_type: ThermoType) -> list[Relaxed]:
        """Structures of the very calculations that the energies of these entries come from.

        The thermo route holds them. The summary route would give the best known structure of a material,
        by r2SCAN where there is one, whichever calculation the energy comes from.

        Raises
        ------
        UnreachableError
            As of `entries`; what is wrong with a single structure is told by its `Lack` instead.
        """

        def ask() -> list[Relaxed]:
            documents = self._rester.materials.thermo.search(
                material_ids=[each.material_id for each in entries],
                thermo_types=[thermo_type.value],
                fields=_STRUCTURE_FIELDS,
            )
            _require_scheme(thermo_type, {str(each["thermo_type"]) for each in documents}, self.endpoint)
            by_id = {identifier(each["material_id"]): each for each in documents}
            if len(by_id) < len(documents):
                raise _overlap(self.endpoint)
            return [
                relaxed_of(each, calculation(by_id.get(each.material_id, {}), each.run_type))
                for each in entries
            ]

        return _translated(ask, self._session, self.endpoint)

    def mixed_structures(self, entries: Sequence[Entry], chemsys: str) -> list[Relaxed]:
        """Structures of entries of `mixed_entries`, from the same phase diagram.

        Raises
        ------
        UnreachableError
            As of `mixed_entries`.
        """

        def ask() -> list[Relaxed] | None:
            diagram = self._mixed_diagram(chemsys)
            if diagram is None:
                return None
            received = {
                (identifier(each.data["material_id"]), str(each.parameters["run_type"])): each.structure
                for each in diagram.all_entries
            }
            found = [(each, received.get((each.material_id, each.run_type))) for each in entries]
            return [relaxed_of(each, None if got is None else got.as_dict()) for each, got in found]

        return self._from_bucket(ask, chemsys)

    def serving_now(self) -> str:
        """Version of the database that the service serves at this moment.

        Raises
        ------
        UnreachableError
            If it does not say.
        """
        return _translated(lambda: _serving(self._session, self.endpoint), self._session, self.endpoint)

    def _mixed_diagram(self, chemsys: str) -> Any:
        """The phase diagram of one whole system on the mixed scale, None where there is none."""
        return self._rester.materials.thermo.get_phase_diagram_from_chemsys(
            chemsys, thermo_type=ThermoType.MIXED.value
        )

    def _from_bucket(self, ask: Callable[[], T | None], chemsys: str) -> T:
        bucket = "the Materials Project's open-data bucket"
        found = _translated(ask, self._session, bucket)
        if found is None:
            raise UnreachableError(
                f"no mixed phase diagram of {chemsys} in version {self.database_version}",
                where=bucket,
                remedy=f"fetch it with --thermo-type {ThermoType.GGA_GGA_U.value}",
            )
        return found

    def _summaries(self, **wanted: list[str]) -> dict[str, Summary]:
        documents = self._rester.materials.summary.search(**wanted, fields=_SUMMARY_FIELDS)
        return {identifier(each["material_id"]): summary_of_document(each) for each in documents}


@contextmanager
def connect(
    key: Key, endpoint: str | None = None, patience: Patience | None = None
) -> Iterator[MaterialsProject]:
    """Open a connection, and close it afterwards.

    Parameters
    ----------
    key : Key
    endpoint : str, optional
        Address of the service; the client's own setting by default.
    patience : Patience, optional

    Raises
    ------
    UnreachableError
        If the service does not answer, or does not say which version of the database it serves.
    InputError
        If the endpoint is no address that a key may be sent to, or the client is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from mp_api.client import MPRester
            from mp_api.client.core.settings import MAPI_CLIENT_SETTINGS
        except ModuleNotFoundError:
            raise InputError(
                "live data need the extra 'live' (mp-api)",
                where="snapshot",
                remedy="pip install 'interphase-screening[live]'",
            ) from None

    address = checked_endpoint(endpoint or MAPI_CLIENT_SETTINGS.ENDPOINT)
    with Session(key.value, patience or Patience()) as session:

        def ask() -> MaterialsProject:
            serving = _serving(session, address)
            rester = MPRester(
                api_key=key.value,
                endpoint=address,
                use_document_model=False,
                session=session,
                mute_progress_bars=True,
                db_version=serving,
            )
            return MaterialsProject(address, serving, session, rester)

        yield _translated(ask, session, address)


def client_versions() -> dict[str, str]:
    """Versions of the client and of the libraries that read what it brings."""
    return {name: version(name) for name in ("mp-api", "emmet-core", "pymatgen")}


def _serving(session: Session, address: str) -> str:
    """Version of the database, asked here since the client's own question has no time-out."""
    response = session.get(f"{address}heartbeat")
    if session.trouble:
        raise session.trouble
    serving = str(response.json()["db_version"] or "")
    if not _VERSION.fullmatch(serving):
        raise UnreachableError(
            "does not say which version of the database it serves", where=address, remedy="try later"
        )
    return serving


def _require_scheme(asked: ThermoType, got: set[str], where: str) -> None:
    others = sorted({each.upper() for each in got} - {asked.value})
    if others:
        got_instead = ", ".join(map(repr, others))[:60]
        raise UnreachableError(f"asked for {asked.value}, got {got_instead}", where=where)


def _distinct(entries: list[Entry], where: str) -> list[Entry]:
    """Entries, provided that no page of the answer repeats another (then one would be missing)."""
    if len({entry.material_id for entry in entries}) < len(entries):
        raise _overlap(where)
    return entries


def _overlap(where: str) -> UnreachableError:
    return UnreachableError("pages of the answer overlap", where=where, remedy="fetch again")


def _translated(ask: Callable[[], T], session: Session, where: str) -> T:
    """Ask, and turn whatever the client and what lies below it raise into one error of ours.

    The client lets malformed answers surface as whatever breaks first, hence the long list. The error is
    raised after the original is done with, since that may hold text of the server, or the key.
    """
    from deltalake.exceptions import DeltaError
    from mp_api.client.core.exceptions import MPRestError

    session.forget()
    remedy = "try later"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ask()
    except (UnreachableError, InputError):
        raise
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        message, remedy = "the answer cannot be understood", "try later, or update mp-api"
    except (MPRestError, DeltaError, OSError) as error:
        message = f"cannot be read ({type(error).__name__})"
    raise session.trouble or UnreachableError(message, where=where, remedy=remedy)
