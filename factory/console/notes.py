"""How many clips were posed by motion alone where a model was to be asked, and why: no failure, but nobody wants it."""

from factory.console.tables import print_counts
from factory.manifest.phases import phase_with
from factory.manifest.query import query
from factory.storage.output import Storage

MOST = 5  # notes that are printed, the commonest


def print_prior_notes(storage: Storage) -> None:
    """By note, the commonest first; nothing where there is none."""
    phase = phase_with(storage, "prior_note")
    if phase is None:
        return
    sql = f'SELECT prior_note, count(*) AS n FROM "{phase}" WHERE prior_note IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1'
    rows = query(storage, f"{sql} LIMIT {MOST}").to_arrow_table().to_pylist()
    print_counts("posed by motion alone", [(phase, row["n"], row["prior_note"]) for row in rows])
