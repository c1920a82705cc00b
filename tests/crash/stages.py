"""Stages that misbehave on clips whose source names say so, and stages that behave. Importable by workers."""

import ctypes
import logging
import mmap
import os
import signal
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import av
import cv2
import numpy as np
import pyarrow as pa

from factory.clip import Clip, ClipRecord, stable_id
from factory.engine.work import Resources, Row
from factory.errors import VideoError
from factory.manifest.schema import COMMON, column, schema
from factory.phases.phase import Phase, common_row, fingerprint
from factory.stage import Outcome, Rejected


@dataclass
class Misbehave:
    """Raises, crashes, hangs, spins, eats memory or rejects as the source's name says; else gives its length."""

    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ("length",)
    pause_s: float = 0.0

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected:
        name = record.clip.source
        time.sleep(self.pause_s)
        if "raises" in name:
            logging.getLogger("factory.trial").info("about to look at %s", name)
            raise ValueError(f"{name} is not to my liking\nand more lines")
        if "segfaults" in name:
            ctypes.string_at(0)
        if "aborts" in name:
            os.abort()
        if "is killed" in name:
            os.kill(os.getpid(), signal.SIGKILL)
        if "eats" in name:
            eat(name.split()[-1])
        if "grows" in name:
            kept = np.ones(300 * 2**20, np.uint8)  # more than half of the limit
            time.sleep(1.0)
            os.kill(os.getpid(), signal.SIGABRT if kept.all() else 0)
        if "hangs" in name:
            time.sleep(600)
        while "spins" in name:
            pass
        if "rejected" in name:
            return Rejected(record.give(length=len(name)), ("length: too short for me",))
        return record.give(length=len(name))


def eat(what: str) -> None:
    """Asks for 1 GB, as libraries do. They say in as many ways that there is none."""
    if what == "python":
        _ = bytearray(10**9)
    elif what == "numpy":
        np.ones(10**9, np.uint8)
    elif what == "opencv":
        cv2.resize(np.zeros((1, 1), np.uint8), (30000, 33334))
    elif what == "ffmpeg":
        av.VideoFrame(16000, 16000, "rgb24")
    elif what == "mapped":
        mmap.mmap(-1, 10**9, flags=mmap.MAP_PRIVATE)
    elif what == "hidden":
        try:
            np.ones(10**9, np.uint8)
        except MemoryError as error:
            raise VideoError("the file is damaged") from error


@dataclass
class SegfaultOnce:
    """Kills its worker the first time it sees a clip, works the second time: a marker file remembers."""

    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ("length",)
    folder: str = ""

    def __call__(self, record: ClipRecord) -> ClipRecord:
        marker = Path(self.folder) / record.clip.clip_id
        if not marker.exists():
            marker.write_text("")
            ctypes.string_at(0)
        return record.give(length=1)


@dataclass
class KeepsMuch:
    """Writes so many kB for each clip into the output, or a temporary folder; raises as the source's name says."""

    needs: ClassVar[tuple[str, ...]] = ("storage", "artifact_folder")
    gives: ClassVar[tuple[str, ...]] = ("length",)
    kilobytes: int = field(default=1, compare=False)
    where: str = field(default="output", compare=False)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        if "raises" in record.clip.source:
            raise ValueError("not to my liking")
        content = bytes(1000 * self.kilobytes)
        if self.where == "output":
            storage = record["storage"]
            storage.write(storage.artifact(f"{record['artifact_folder']}/much.bin"), content)
        else:
            with tempfile.NamedTemporaryFile(dir=self.where) as file:
                file.write(content)
        return record.give(length=1)


@dataclass
class Interrupts:
    """Rejects a clip where the process was born open to Ctrl-C: then it was so while it imported, too."""

    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ()

    def __call__(self, record: ClipRecord) -> ClipRecord | Rejected:
        if signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ()):
            return Rejected(record, ("open to interrupts",))
        return record


@dataclass
class CannotStart:
    """A stage whose set-up fails, as one does whose weights are missing."""

    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ()

    def setup(self) -> None:
        from factory.errors import ConfigError

        raise ConfigError("the weights are missing: fetch them.")

    def __call__(self, record: ClipRecord) -> ClipRecord:
        return record


@dataclass
class LoadsLong:
    """A model whose loading takes longer than a clip may; crashes as the source's name says."""

    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ("length",)
    load_s: float = 2.0

    def setup(self) -> None:
        time.sleep(self.load_s)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        if "segfaults" in record.clip.source:
            ctypes.string_at(0)
        return record.give(length=1)


@dataclass
class CannotLoad:
    """A stage whose set-up breaks with an error of a library; the second time only, where a folder remembers."""

    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ("length",)
    folder: str = ""

    def setup(self) -> None:
        if self.folder and not (marker := Path(self.folder) / "loaded").exists():
            marker.write_text("")
            return
        raise RuntimeError("CUDA out of memory.\nTried to allocate 2 GiB")

    def __call__(self, record: ClipRecord) -> ClipRecord:
        ctypes.string_at(0)
        return record


def made_up(row: Row) -> ClipRecord:
    return ClipRecord(Clip(row["key"], row["source"], 0.0, 1.0, 64, 48, 24.0, 0, 24), {"source_version": None})


def rows(outcome: Outcome) -> list[Row]:
    return [{**common_row(outcome), "length": outcome.record.values.get("length")}]


def phase(names: list[str], *stages: object, timeout_s: float = 30.0, memory_gb: float = 0.5) -> Phase:
    """A phase over made-up clips, one a name."""
    chain = tuple((type(stage).__name__, stage) for stage in stages or (Misbehave(),))

    def inputs(_storage: object) -> pa.Table:
        ids = [stable_id(name) for name in names]
        alike = {"fingerprint": [fingerprint(chain)] * len(names), "version": pa.nulls(len(names), pa.string())}
        return pa.table({"key": ids, "source": names, **alike}).sort_by("key")

    return Phase(
        name="trial",
        upstream="nothing",
        stages=chain,  # type: ignore[arg-type]
        rows=rows,
        schema=schema(*COMMON, column("length", pa.int64(), "characters in the name")),
        timeout_s=timeout_s,
        inputs=inputs,
        record=made_up,
        resources=Resources(memory_gb=memory_gb),
    )
