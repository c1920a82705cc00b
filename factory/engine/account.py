"""Nothing disappears: every unit that enters a phase leaves it with exactly one status."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from factory.errors import AccountingError
from factory.manifest.read import committed, key_codes, read_phase
from factory.storage.output import Storage

STATUSES = frozenset({"ok", "rejected", "failed"})


def check(storage: Storage, phase: str, inputs: pa.Table) -> None:
    """Raises AccountingError when a unit has no row of its fingerprint, a clip two rows, or a row no known status.

    inputs: columns `key` and `fingerprint`.
    """
    # Read twice before it is believed: another run may have moved a row from a part read late to one listed too early.
    if len(_lost(storage, phase, inputs)) and len(lost := _lost(storage, phase, inputs)):
        raise AccountingError(
            f"phase {phase}: {len(lost)} of {len(inputs)} inputs have no outcome ({', '.join(lost[:5].to_pylist())}"
            f"{', ...' if len(lost) > 5 else ''}): run the same command again, and report it if they stay."
        )
    table = read_phase(storage, phase, ["clip_id", "status"])
    if unknown := set(table["status"].unique().to_pylist()) - STATUSES:
        raise AccountingError(f"phase {phase}: rows of unknown status {sorted(map(str, unknown))}: report it.")
    times = np.bincount(key_codes(table["clip_id"]))
    if times.max(initial=0) > 1:
        twice = table["clip_id"].unique().filter(pa.array(times > 1))
        raise AccountingError(f"phase {phase}: clips with two rows ({', '.join(twice[:5].to_pylist())}): report it.")


def _lost(storage: Storage, phase: str, inputs: pa.Table) -> pa.ChunkedArray:
    """Keys without a row of their fingerprint."""
    done = committed(storage, phase)
    found = done["fingerprint"].take(pc.index_in(inputs["key"], value_set=done["key"].combine_chunks()))
    return inputs["key"].filter(pc.invert(pc.fill_null(pc.equal(found, inputs["fingerprint"]), False)))
