"""Which phases an output holds, in what order, and which of them has what: asked of the manifests, never by name."""

from collections.abc import Mapping

import pyarrow as pa

from factory.manifest.read import read_schema
from factory.manifest.schema import ROOT
from factory.storage.output import Storage

UPSTREAM = b"upstream"  # in a manifest's metadata: the phase whose `ok` clips entered


def coming_from(schema: pa.Schema, upstream: str) -> pa.Schema:
    return schema.with_metadata({UPSTREAM: upstream})


def in_order(storage: Storage) -> dict[str, pa.Schema]:
    """The phases that have committed anything, each behind the one its clips come from, and what their manifests have.
    Phases of an older release, which do not say where from, come behind the first one, by name."""
    known = {name: read_schema(storage, name) for name in storage.phases()}
    upstream = {name: _upstream(schema) for name, schema in known.items() if name != ROOT}
    return {name: known[name] for name in sorted(known, key=lambda name: (_steps(name, upstream), name))}


def phase_with(storage: Storage, column: str) -> str | None:
    """The last phase whose manifest has the column."""
    return next((name for name, schema in reversed(in_order(storage).items()) if column in schema.names), None)


def _upstream(schema: pa.Schema) -> str:
    return (schema.metadata or {}).get(UPSTREAM, ROOT.encode()).decode()


def _steps(name: str, upstream: Mapping[str, str]) -> int:
    """How many phases stand before it; what is written in manifests may go in a circle."""
    seen: list[str] = []
    while name in upstream and name not in seen:
        seen.append(name)
        name = upstream[name]
    return len(seen)
