"""Nothing disappears: every unit that enters a phase leaves it with exactly one status."""

from collections.abc import Sequence

from factory.engine.work import Unit
from factory.errors import AccountingError
from factory.manifest.read import committed, read_phase
from factory.storage import Storage

STATUSES = frozenset({"ok", "rejected", "failed"})


def check(storage: Storage, phase: str, key: str, units: Sequence[Unit]) -> None:
    """Raises AccountingError when a unit has no row of this fingerprint, a clip two rows, or a row no known status."""
    done = committed(storage, phase, key)
    lost = [u.key for u in units if u.key not in done or done[u.key].fingerprint != u.fingerprint]
    if lost:
        raise AccountingError(
            f"phase {phase}: {len(lost)} of {len(units)} inputs have no outcome ({', '.join(sorted(lost)[:5])}"
            f"{', ...' if len(lost) > 5 else ''}): run the same command again, and report it if they stay."
        )
    table = read_phase(storage, phase, ["clip_id", "status"], key)
    if unknown := set(table["status"].to_pylist()) - STATUSES:
        raise AccountingError(f"phase {phase}: rows of unknown status {sorted(map(str, unknown))}: report it.")
    ids = table["clip_id"].to_pylist()
    if len(set(ids)) != len(ids):
        twice = sorted({i for i in ids if ids.count(i) > 1})[:5]
        raise AccountingError(f"phase {phase}: clips with two rows ({', '.join(twice)}): report it.")
