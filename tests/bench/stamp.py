"""A stage that leaves word of when each clip began, and in which process; for benches."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from factory.clip import ClipRecord


@dataclass
class Stamp:
    """Writes `<folder>/<clip_id>`: seconds of the monotonic clock, which processes of a Linux machine share, and the
    process."""

    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ()

    folder: str

    def __call__(self, record: ClipRecord) -> ClipRecord:
        Path(self.folder, record.clip.clip_id).write_text(f"{time.monotonic()} {os.getpid()}")
        return record
