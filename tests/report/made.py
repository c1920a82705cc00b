"""An output of any size, written without running anything: what a report is tried on, and measured with."""

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from factory.artifacts import pack_masks
from factory.filters.aim import aimed
from factory.filters.decide import parse_rules, verdict
from factory.filters.score import parse_score
from factory.manifest.write import parquet_of_rows
from factory.phases.record import record_run
from factory.phases.run import Summary
from factory.points import ScenePoints, pack_points
from factory.preview.make import preview
from factory.storage.output import Storage, artifact_folder
from factory.storage.places import is_s3
from factory.tracks import tracks_from
from tests.conftest import ROOT, shifted
from tests.console.manifests import SCHEMAS

FRAMES = 40
SIZE = (160, 120)
PART_ROWS = 1000
HOSTILE = (
    "<script>document.title='owned'</script>.mp4",
    "\"onerror='x' <img src=x onerror=document.title=1>.mp4",
    "two\nlines\tand a tab.mp4",
    "</script><script>document.title='owned'</script>.mp4",
    "file:///v/caf%E9 %00.mp4",
    "\u202egpj.4pm \u2028 猫.mp4",
)
POSE_REASONS = (
    "ring_win: the solution explains only 12% of the picture's border, it may follow a moving object",
    "quality: only bronze, the path may be 4.1 % off; pose.min_quality=bronze accepts it",
)


def write_output(root: Path | str, count: int, seed: int = 0, artifacts: bool = True) -> Storage:
    """`count` clips of as many sources, a twentieth of which cannot be read; about half pass the filter's rules, and of
    these most the pose phase. artifacts: with files of the posed clips, the same for all."""
    storage, rng = Storage.at(root), np.random.default_rng(seed)
    config = {"filter": yaml.safe_load((ROOT / "conf/filter/dynpose.yaml").read_text()) | {"target": None}}
    config["pose"] = {"min_quality": "silver", "stages": {"grade": {"rule": {"min_quality": "${pose.min_quality}"}}}}
    config["filter"]["exhaustive"] = False
    rows: dict[str, list[dict[str, Any]]] = {"ingest": [], "filter": [], "pose": []}
    for name, source in _sources(count):
        broken = rng.random() < 0.05
        rows["ingest"].append(_ingest(name, source, broken))
        if broken:
            continue
        judged = _filter(name, source, rng, config["filter"])
        rows["filter"].append(judged)
        if judged["status"] == "ok":
            rows["pose"].append(_pose(name, source, rng, artifacts))
    for phase, each in rows.items():
        for begin in range(0, len(each), PART_ROWS):
            content = parquet_of_rows(each[begin : begin + PART_ROWS], SCHEMAS[phase])
            storage.write(storage.part(phase, f"{begin:08d}"), content)
    if artifacts:
        _write_artifacts(storage, rows["pose"])
    record_run(
        storage, "20260101T000000-0001", [_summary(*item) for item in rows.items()], "ray", yaml.safe_dump(config)
    )
    return storage


def _sources(count: int) -> Iterator[tuple[str, str]]:
    for n in range(count):
        source = f"/v/{HOSTILE[n]}" if n < len(HOSTILE) else f"/v/shelf {n % 7}/video-{n:05d}.mp4"
        yield f"{(n * 2654435761) % 2**32:08x}{n:012x}", source


def _common(name: str, source: str, reasons: tuple[str, ...] = ()) -> dict[str, Any]:
    where = {"clip_id": name, "source": source, "source_start_s": 1.0, "source_end_s": 5.25}
    status = "rejected" if reasons else "ok"
    return {**where, "status": status, "reasons": list(reasons), "fingerprint": "f", "attempt": 1}


def _ingest(name: str, source: str, broken: bool) -> dict[str, Any]:
    row = {**_common(name, source), "width": 640, "height": 360, "fps": 24.0, "source_version": "1-1"}
    failed = {"status": "failed", "failed_stage": "survey", "error_type": "VideoError", "source_end_s": 1.0}
    return row | failed | {"error": "no <b>video</b>"} if broken else row


def _filter(name: str, source: str, rng: np.random.Generator, config: dict[str, Any]) -> dict[str, Any]:
    rules, score = parse_rules(config["rules"]), parse_score(aimed(config["score"], None))
    values = {}
    for rule in rules:  # far inside, and one in fifty outside
        away = 2.0 if rng.random() > 0.02 else 0.8
        values[rule.feature] = rule.bound * (away if rule.at_least else 1 / away) * float(rng.uniform(0.9, 1.1))
    for group in score.groups:
        for member in group.members:
            if member.feature not in values:
                best = max(member.points, key=lambda point: point[1])[0]
                values[member.feature] = best * float(rng.uniform(0.8, 1.3))
    total, reasons = verdict(rules, score, values)
    return {**_common(name, source, reasons), **values, "score": total}


def _pose(name: str, source: str, rng: np.random.Generator, artifacts: bool) -> dict[str, Any]:
    reasons = (POSE_REASONS[int(rng.integers(2))],) if rng.random() < 0.3 else ()
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    poses[:, :3, 3] = np.cumsum(rng.normal(0.1, 0.05, (FRAMES, 3)), axis=0)
    error = float(rng.uniform(0.05, 2.4)) if not reasons else float(rng.uniform(3, 6))
    wrong = reasons[:1] == POSE_REASONS[:1]
    folder = artifact_folder(name, "pose", "f")
    files = {"points": "points.npz", "masks": "masks.npz", "preview": "preview.mp4", "poster": "poster.webp"}
    return {
        **_common(name, source, reasons),
        "timestamps": [1 + n / 12 for n in range(FRAMES)],
        "frame_index": [24 + 2 * n for n in range(FRAMES)],
        "fps": 12.0,
        "width": 640,
        "height": 360,
        "camera_motion": "parallax",
        "method": "global",
        "registered": [n > 0 for n in range(FRAMES)],
        "world_from_cam": [None, *(pose.ravel().tolist() for pose in poses[1:])],
        "focal_px": 500.0,
        "rotation_only": False,
        "focal_reliable": True,
        "registered_ratio": 39 / 40,
        "quality": None
        if reasons[:1] == POSE_REASONS[:1]
        else "bronze"
        if reasons
        else "gold"
        if error < 1
        else "silver",
        "ate_percent_predicted": error,
        "ate_percent_bound": 2 * error,
        "reprojection_error_px": 0.41,
        "ring_win": 0.12 if wrong else 0.8,
        "weakest_win": 0.6,
        "border_rival": 0.01,
        "lower_rival": 0.0,
        "supported_ratio": 1.0,
        "bridge": 100,
        "explained_ratio": 0.9,
        "dynamic_share": 0.1,
        **({column: f"{folder}/{file}" for column, file in files.items()} if artifacts else {}),
    }


def _write_artifacts(storage: Storage, rows: list[dict[str, Any]]) -> None:
    rng = np.random.default_rng(0)
    masks = np.zeros((FRAMES, 90, 160), bool)
    masks[:, 30:60, 40:80] = True
    seen = np.arange(900, dtype=np.int32)
    points = ScenePoints(
        xyz=rng.normal((0, 0, 8), 2, (900, 3)).astype(np.float32),
        rgb=rng.integers(0, 255, (900, 3)).astype(np.uint8),
        error_px=np.full(900, 0.4, np.float32),
        point=seen,
        frame=np.zeros(900, np.int32),
        xy=np.zeros((900, 2), np.float32),
        frame_error_px=rng.uniform(0.2, 0.9, FRAMES).astype(np.float32),
        width=640,
        height=360,
    )
    tracks = tracks_from(np.zeros(2), np.arange(2), np.zeros((2, 2)), np.arange(FRAMES) / 12, np.arange(FRAMES), SIZE)
    poses = np.array([np.eye(4) if pose is None else np.reshape(pose, (4, 4)) for pose in rows[0]["world_from_cam"]])
    shown = preview(
        np.stack(shifted(0, FRAMES, height=SIZE[1], width=SIZE[0])), masks, tracks, np.ones(1, bool), np.zeros(1, bool),
        poses, points.xyz,
    )  # fmt: skip
    contents = {"points": pack_points(points), "masks": pack_masks(np.arange(FRAMES), masks)}
    contents |= {"preview": shown.video, "poster": shown.poster}
    for row in rows:
        for column, content in contents.items():
            uri = storage.artifact(row[column])
            if is_s3(uri):
                storage.write(uri, content)
                continue
            path = Path(uri)  # without waiting for the disk, as `write` does
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _summary(phase: str, rows: list[dict[str, Any]]) -> Summary:
    summary = Summary(phase, len(rows), 0, datetime.now(timezone.utc), wall_s=70.0, cpu_s=4000.0, workers=2)
    summary.counts.update(row["status"] for row in rows)
    summary.stage_seconds.update({"fetch": 1.0, f"{phase}ing <i>": 60.0})
    return summary
