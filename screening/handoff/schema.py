"""The documented schema of a bench sheet as JSON, for a robot to rely on."""

from typing import Any

from screening.handoff.sheet import FORMAT_VERSION, BenchSheet


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of what `BenchSheet.as_dict` gives; a number that is not known is null."""
    from pydantic import TypeAdapter

    made = TypeAdapter(BenchSheet).json_schema(mode="serialization")
    version = {"const": FORMAT_VERSION, "description": "Rises when a key goes or changes its meaning."}
    made["properties"] = {"format_version": version, **made["properties"]}
    return dict(_or_null({"$schema": "https://json-schema.org/draft/2020-12/schema", **made}))


def _or_null(part: Any) -> Any:
    if isinstance(part, list):
        return [_or_null(each) for each in part]
    if not isinstance(part, dict):
        return part
    known = {key: _or_null(value) for key, value in part.items()}
    return known | {"type": ["number", "null"]} if part.get("type") == "number" else known
