"""This package's pose phase on one clip: the configured chain, stage by stage in this process, artifacts included."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from factory.clip import ClipRecord
from factory.commands.compose import configured
from factory.phases.build import build
from factory.stage import Chain, Rejected
from factory.storage.output import Storage
from factory.storage.sources import SCHEMA
from tests.bench.pose.clips import TrueClip
from tests.bench.pose.peers import Result


def pose_stages(overrides: Sequence[str] = ()) -> Chain:
    """The stages of `pipeline=pose` behind the download."""
    cfg = configured(["source=x", "output=y", "pipeline=pose", *overrides])
    return build(cfg, SCHEMA.empty_table())[-1].stages[1:]


def ours(clip: TrueClip, stages: Chain) -> tuple[Result, dict[str, float], ClipRecord]:
    """The result, CPU seconds by stage, and the record with everything in it."""
    cost: dict[str, float] = {}
    verdict, note = "ok", ""
    with tempfile.TemporaryDirectory() as scratch:
        values = {"path": Path(clip.video), "storage": Storage.at(scratch), "artifact_folder": "artifacts/here"}
        record = ClipRecord(clip.clip(), values)
        for name, stage in stages:
            started = time.process_time()
            answer = stage(record)
            cost[name] = time.process_time() - started
            if isinstance(answer, Rejected):
                record, verdict, note = answer.record, "rejected", "; ".join(answer.reasons)
                break
            record = answer
    result = Result({}, {}, sum(cost.values()), verdict, note)
    if "trajectory" not in record.values:
        return result, cost, record
    trajectory = record["trajectory"]
    focal_px = getattr(trajectory, "focal_px_per_frame", None)
    if focal_px is None:
        focal_px = np.full(len(trajectory.registered), trajectory.camera.focal_px)
    placed = np.flatnonzero(trajectory.registered).tolist()
    if verdict == "ok":
        kind = {True: "rotation", False: "pose"}[trajectory.rotation_only]
        note = "still" if trajectory.method == "still" else kind
        note += "" if trajectory.focal_reliable or trajectory.rotation_only else ", focal unreliable"
    return (
        Result(
            {f: trajectory.world_from_cam[f] for f in placed},
            {f: float(focal_px[f]) for f in placed},
            sum(cost.values()),
            verdict,
            note,
        ),
        cost,
        record,
    )
