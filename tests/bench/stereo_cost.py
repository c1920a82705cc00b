"""What two eyes cost: CPU seconds and memory of 100 frames, by stage of the phases rig and world, and of their parts.

    python -m tests.bench.stereo_cost VIDEO [VIDEO ...] [--frames 100] [--set KEY=VALUE ...]

Side-by-side or top-bottom videos of `factory synth` or without truth; where intrinsics are beside a rectified one they
say how wide it sees. The stages are those of a run, on the first so many frames, in one thread. Parts are indented, and
contained in their stage. Memory: the most that the process held in a stage, in GB, all that came before in it.
"""

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.commands.compose import configured
from factory.stage import Rejected
from factory.storage.output import Storage
from tests.videos import whole

# Of a stage, where its parts are called.
PARTS = {
    "rig.eyes": {"working pictures": "factory.stereo.eyes.WorkingView.__call__"},
    "rig.track": {
        "left eye": "factory.models.lk.LucasKanade.track",
        "to the right one, and both": "factory.models.lk.LucasKanade.follow",
        "alignment": "factory.stereo.sightings.aligned_in_both",
    },
    "rig.solve": {"adjustment": "factory.stereo.solve.adjust_rig"},
    "world.depth": {
        "rectification": "factory.stereo.rectify.View.rectified",
        "flow": "factory.models.fine_dis.FineDis.flow",
        "second opinion": "factory.stereo.disparity.matched",
        "checks": "factory.stereo.checks.Checks.failed",
    },
    "world.track": {
        "following": "factory.world.follow.Follow.__call__",
        "seeds": "factory.world.follow.Follow._seeds",
        "dense flow": "factory.models.dis.DisFlow.flow",
        "search": "factory.world.follow.searched",
        "likeness": "factory.world.follow.patches",
        "solving, labels": "factory.world.solve.SolveTracks.__call__",
    },
}


def measured(video: Path, frames: int, words: list[str]) -> None:
    clip = whole(video)
    if clip.frame_count > frames:
        clip = whole(video, seconds=frames / clip.fps - 1e-3)
    settings = configured([f"source={video}", "output=nowhere", "pipeline=stereo4d", *_across(video), *words])
    print(f"\n{video.stem}, {clip.frame_count} frames of {clip.width}x{clip.height}: CPU s per 100 frames, GB at most")
    with tempfile.TemporaryDirectory() as folder:
        record = ClipRecord(clip, {"path": video, "storage": Storage.at(folder), "artifact_folder": "artifacts/x"})
        for phase in ("rig", "world"):
            total_s = 0.0
            for name, stage in settings.phases[phase].chain():
                key = f"{phase}.{name}"
                _forget_peak()
                with _timed(PARTS.get(key, {})) as spent:
                    begin_s = time.process_time()
                    found = stage(record)
                    took_s = time.process_time() - begin_s
                total_s += took_s
                each = 100.0 / clip.frame_count
                print(f"{key:30}{each * took_s:8.2f}{_peak_gb():7.2f}", flush=True)
                for part, seconds in spent.items():
                    print(f"    {part:26}{each * seconds:8.2f}")
                if isinstance(found, Rejected):
                    print(f"    rejected: {found.reasons}")
                    found = found.record
                record = found
            print(f"{phase:30}{100.0 / clip.frame_count * total_s:8.2f}", flush=True)
            if phase == "rig":
                record = _as_taken(settings.phases["rig"], record)


def _across(video: Path) -> list[str]:
    """What a rendered rectified clip's truth says."""
    told = video.with_suffix(".json")
    lens = json.loads(told.read_text()).get("intrinsics") if told.exists() else None
    if not lens or lens["model"] != "pinhole":
        return []
    eye_px = json.loads(told.read_text())["stereo"]["eye_width"]
    across_deg = np.degrees(2 * np.arctan(eye_px / 2 / lens["focal_px"]))
    return [f"rig.stages.layout.recognise.across_deg={across_deg}"]


def _as_taken(rig: Any, record: ClipRecord) -> ClipRecord:
    """The record with what the world phase takes of the rig phase's row."""
    from factory.stage import Outcome

    (row,) = rig.rows(Outcome(record, "ok"))
    columns = ("layout", "left_from_right", "baseline_m", "world_from_cam", "frame_index", "timestamps")
    given = {name: record[name] for name in ("path", "storage", "artifact_folder")}
    return ClipRecord(record.clip, given | {name: row[name] for name in columns})


@contextmanager
def _timed(parts: dict[str, str]) -> Iterator[dict[str, float]]:
    """CPU seconds spent in each of the functions named."""
    spent: dict[str, float] = defaultdict(float)
    with ExitStack() as stack:
        for part, target in parts.items():
            stack.enter_context(patch(target, _counting(part, spent, _found(target))))
        yield spent


def _found(target: str) -> Callable[..., Any]:
    import pkgutil

    found: Callable[..., Any] = pkgutil.resolve_name(target)
    return found


def _counting(part: str, spent: dict[str, float], function: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*args: Any, **named: Any) -> Any:
        begin_s = time.process_time()
        try:
            return function(*args, **named)
        finally:
            spent[part] += time.process_time() - begin_s

    return timed


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _peak_gb() -> float:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--set", nargs="*", default=[], help="settings of a run")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for video in options.videos:
        measured(video, options.frames, options.set)


if __name__ == "__main__":
    main()
