"""Measures what a dynamic prior does to masks and poses of rendered clips.

    python -m tests.bench.dynapo FOLDER [FOLDER ...] [--only NAME ...] [--wrong]

FOLDER holds what `factory synth FOLDER --preset hard --truth instances` makes (or another preset). A language model
behind a real HTTP server answers from the truth: every object, its key frame and box. For each clip: position error in
% of the path (! where it is refused) with all tracks taken for static, by motion alone (pipeline=pose), by the prior
(pipeline=dynapo prior=language), and by true masks in the place of the
prior's; J and F of the masks by motion and by the prior; precision and recall of objects (IoU over 0.5, a frame).
--wrong: the model answers wrongly besides: nothing moves, an object that is not there, a box elsewhere.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from factory.clip import ClipRecord
from factory.evaluate.masks import contour_accuracy, read_mask, region_similarity
from factory.geometry.trajectory import pose_errors
from factory.models.vlm_server import ServedTeller
from factory.phases.grading import GradeCamera
from factory.phases.naming import NameObjects, Naming
from factory.phases.pose_stages import (
    DecodeFrames,
    FindBackground,
    JudgeCamera,
    MaskMotion,
    SolveCamera,
    TrackPoints,
)
from factory.phases.prior_pose import UsePrior
from factory.phases.segmenting import SegmentObjects
from factory.prior.object_masks import ObjectMasks
from factory.tum import read_tum
from tests.oracle import answer, instances, objects_of
from tests.seer import seeing
from tests.videos import whole

MOTION = (TrackPoints(), FindBackground(), JudgeCamera(), SolveCamera(), GradeCamera(), MaskMotion())


def error_percent(record: ClipRecord, video: Path) -> str:
    """Position error by the path, with ! where the solve is refused."""
    trajectory, refused = record["trajectory"], bool(record["trust"].reasons)
    times_s, poses = read_tum(video.with_suffix(".tum.txt"))
    at = np.abs(np.asarray(times_s) - record["tracks"].times_s[:, None]).argmin(axis=1)
    placed = trajectory.registered
    if placed.sum() < 3 or trajectory.rotation_only:
        return f"{trajectory.method if placed.any() else 'none'}{'!' if refused else ''}"
    found = pose_errors(trajectory.world_from_cam[placed], np.asarray(poses)[at][placed]).ate_percent
    return f"{found:.3f}{'!' if refused else ''}"


def scores(masks: np.ndarray, truth: list[np.ndarray]) -> tuple[float, float]:
    """J and F, means over frames."""
    found = []
    for mask, wanted in zip(masks, truth, strict=True):
        ours = cv2.resize(mask.astype(np.uint8), wanted.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
        found.append((region_similarity(ours, wanted), contour_accuracy(ours, wanted)))
    return tuple(np.mean(found, axis=0).tolist())


def objects_found(found: ObjectMasks, video: Path, numbers: np.ndarray) -> tuple[float, float]:
    """Precision and recall of objects over all frames: one is found where a mask overlaps it by over a half."""
    hits, ours, theirs = 0, 0, 0
    for f, number in enumerate(numbers.tolist()):
        seen = instances(video, number)
        wanted = [seen == n for n in np.unique(seen[seen > 0])]
        size = seen.shape[::-1]
        masks = [cv2.resize(m[f].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0 for m in found.masks]
        masks = [m for m in masks if m.any()]
        hits += sum(any(region_similarity(m, w) > 0.5 for m in masks) for w in wanted)
        ours, theirs = ours + len(masks), theirs + len(wanted)
    return hits / max(ours, 1), hits / max(theirs, 1)


def with_prior(record: ClipRecord, found: ObjectMasks) -> ClipRecord:
    return UsePrior()(record.give(object_masks=found))


def asked(record: ClipRecord, reply: Callable[[list[int]], str], cache: Path) -> ClipRecord:
    """The record behind a model that replies so. reply: is told the numbers of the key frames."""
    with seeing() as server:
        namer = NameObjects(ServedTeller(url=server.url, model="seer", cache_at=str(cache), required=False))
        keys = record["tracks"].frame_index[namer.key_frames(record["tracks"].frames)].tolist()
        server.told_by = lambda _request: reply(keys)
        return SegmentObjects()(namer(record))


def measured(video: Path, cache: Path, wrong: bool) -> None:
    record = DecodeFrames(colour_side_px=640)(ClipRecord(whole(video), {"path": video}))
    for stage in MOTION:
        record = stage(record)
    numbers = record["tracks"].frame_index
    truth = [read_mask(video.with_name(f"{video.stem}_masks") / f"{n:05d}.png") for n in numbers]
    height, width = record["dynamic_masks"].masks.shape[1:]
    true = np.stack(
        [cv2.resize(m.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0 for m in truth]
    )
    static = replace(
        record["background"],
        is_background=np.ones(record["tracks"].count, bool),
        is_dynamic=np.zeros(record["tracks"].count, bool),
    )
    without = GradeCamera()(SolveCamera()(record.give(background=static)))
    told = asked(record, lambda keys: answer(video, keys), cache)
    prior = with_prior(told, told["object_masks"])
    exact = with_prior(record.give(naming=Naming()), ObjectMasks(("all",), true[None], "language"))
    columns = [error_percent(each, video) for each in (without, record, prior, exact)]
    motion, named = scores(record["dynamic_masks"].masks, truth), scores(prior["dynamic_masks"].masks, truth)
    many = objects_found(told["object_masks"], video, numbers)
    print(
        f"{video.stem:22}{true.mean():5.2f}"
        + "".join(f"{column:>10}" for column in columns)
        + f"   {motion[0]:.2f} {motion[1]:.2f}  {named[0]:.2f} {named[1]:.2f}  {many[0]:.2f} {many[1]:.2f}  "
        + f"{prior['pose_from']} {prior['named_ratio'] or 0:.2f}",
        flush=True,
    )
    if wrong:
        for name, reply in {
            "nothing moves": lambda _keys: '{"objects": []}',
            "not there": lambda _keys: json.dumps({"objects": [{"name": "flying pig", "keyframe": 1}]}),
            "a box elsewhere": lambda keys: json.dumps({"objects": [_elsewhere(e) for e in objects_of(video, keys)]}),
            "prose": lambda _keys: "I cannot say what moves here.",
        }.items():
            told = asked(record, reply, cache / name.replace(" ", "_"))
            used = with_prior(told, told["object_masks"])
            print(
                f"    {name:18}{error_percent(used, video):>10} {used['pose_from']}: {told['object_masks'].note}",
                flush=True,
            )


def _elsewhere(entry: dict) -> dict:
    """The entry with its box mirrored to the other side of the picture."""
    left, top, right, bottom = entry["box"]
    return {**entry, "box": [1000 - right, 1000 - bottom, 1000 - left, 1000 - top]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--cache", type=Path, default=Path(".replies"), help="folder for the model's replies")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    heads = ("none", "motion", "prior", "true")
    print(f"{'clip':22}{'moves':>5}" + "".join(f"{head:>10}" for head in heads) + "   J F: motion, prior; objects P R")
    for folder in options.folders:
        for video in sorted(folder.glob("*.mp4")):
            if not options.only or video.stem in options.only:
                measured(video, options.cache, options.wrong)


if __name__ == "__main__":
    main()
