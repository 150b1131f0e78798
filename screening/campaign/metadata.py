"""A finished campaign described as a Data Package, for archives and for whoever finds its files.

The specification is that of https://datapackage.org (version 2).
"""

from typing import Any

import pyarrow as pa

from screening.campaign.run import Campaign
from screening.reactors.anode import shared_ion

DATA_PACKAGE = "datapackage.json"
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"


def data_package(campaign: Campaign, ranking: pa.Schema, files: tuple[str, ...]) -> dict[str, Any]:
    """Files of a campaign with source and licence, and the columns of ``ranking.csv`` with their definitions.

    Parameters
    ----------
    campaign : Campaign
    ranking : Schema
        Of ``ranking.csv``.
    files : tuple of str
        The other files, by name.
    """
    study, stamp, manifest = campaign.study, campaign.provenance, campaign.source.load().manifest
    ion = shared_ion(study.conditions.anodes)
    criteria = {each.name: each for each in study.ranking.every}
    fields: list[dict[str, str]] = []
    for column in ranking:
        fields.append({"name": column.name, "type": _kind(column.type)})
        if each := criteria.get(column.name):
            unit = "" if each.unit == "1" else f" ({each.unit_for(ion)})"
            fields[-1] |= {"title": each.label + unit, "description": each.meaning}
    table = {"name": "ranking", "path": "ranking.csv", "format": "csv", "encoding": "utf-8"}
    others = [{"name": name.replace(".", "-"), "path": name, "format": name.split(".")[-1]} for name in files]
    return {
        "$schema": PROFILE,
        "name": study.name.lower(),
        "title": study.title or study.name,
        "description": stamp.line(),
        "created": f"{stamp.date}T00:00:00Z",
        "licenses": [{"name": manifest.licence.replace(" ", "-"), "title": f"data of {manifest.name}"}],
        "sources": [{"title": cited} for cited in manifest.cite],
        "resources": [{**table, "mediatype": "text/csv", "schema": {"fields": fields}}, *others],
    }


def _kind(kind: pa.DataType) -> str:
    tests = {"boolean": pa.types.is_boolean, "integer": pa.types.is_integer, "number": pa.types.is_floating}
    return next((name for name, holds in tests.items() if holds(kind)), "string")
