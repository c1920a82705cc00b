"""Poses with a dynamic prior: what is named as moving is left out, and the vote is held again among the others."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import cv2
import numpy as np

from factory.background.camera_motion import CameraMotion
from factory.clip import ClipRecord
from factory.construct import NotNegative, Positive
from factory.masks.inside import inside
from factory.masks.motion import DynamicMasks
from factory.phases.grading import GradeCamera
from factory.phases.mask_labels import LabelByMask
from factory.phases.pose_stages import JudgeCamera, SolveCamera
from factory.phases.refine_pose import refined
from factory.prior.choose import ChoosePose
from factory.prior.merge import mask_box
from factory.prior.named import Named
from factory.prior.object_masks import ObjectMasks
from factory.refine.refine import RefinePoses
from factory.sfm.model.trajectory import Trajectory
from factory.sfm.options import SolveOptions
from factory.trust.worth import Trust

MISSED = (
    "named_ratio: {share:.0%} of what the solve rests on lies in boxes of what is named as moving, and what "
    "was cut out of them is something else"
)
OVERRULED = "quality: only silver, motion alone tells of another way; pose.min_quality=silver accepts it"
UNCLEAR = "named_ratio: what is left beside what is named does not tell a camera that turns from one that moves"
# Of a box, the share that the box round its mask covers, and the mask: persons before the camera have 0.94 and 0.78 or
# more; a frame whose opening was cut out in its place 0.27 and 0.24, a grille 0.95 and 0.18 (five rendered clips).
LEAST_REACH, LEAST_FILL = 0.8, 0.5
NEVER = 2.0  # share of its observations that a track in doubt has to explain
CONFLICT = (
    "named_ratio: {share:.0%} of what the solve by motion rests on is named as moving, and without it there is no "
    "solution to trust"
)


@dataclass
class UsePrior:
    """Solves and grades again without what is named, where that has a share in the first solve or the first is refused;
    `ChoosePose` says which stands. Objects that the clip's own motion told say nothing new of it: with those the first
    solve stays (tried again without them, a carriage seen from inside is a room in which the camera turns).

    Gives: pose_from ("motion" or "prior"), named_ratio, pose_refined, and trajectory, trust, background, camera_motion
    and dynamic_masks anew.
    """

    needs: ClassVar[tuple[str, ...]] = (
        *("frames", "tracks", "background", "camera_motion", "trajectory", "trust", "solve_options"),
        *("dynamic_masks", "naming", "object_masks"),
    )
    gives: ClassVar[tuple[str, ...]] = (
        *("pose_from", "named_ratio", "pose_refined"),
        *("trajectory", "trust", "background", "camera_motion", "dynamic_masks"),
    )

    # Tracks with more than a quarter in the masks are dynamic: dynapo study, 10 rendered clips.
    label: LabelByMask = field(default_factory=lambda: LabelByMask(least_inside=0.25))
    camera: JudgeCamera = field(default_factory=JudgeCamera)
    grade: GradeCamera = field(default_factory=GradeCamera)
    choose: ChoosePose = field(default_factory=ChoosePose)
    # Of masks 320 wide: tracks at an object's edge see both sides of it (the study's),
    grown_px: NotNegative = 1.0
    # and where a mask falls short the object's own tracks are not the world's border: a held box of which 3 px were
    # missed was refused for them.
    judged_grown_px: NotNegative = 6.0
    # Parallax ratio up to which what is left beside the masks shows that the camera only turns: turns have 1.9 to 2.7.
    # Two ways past far things in a part of the picture (rendered) had 3.9, and 15.9, where a lens of 3800 px for 640
    # made a turn of it that was gold; a path made of the first instead is 27 % off and silver.
    clear_turn: Positive = 3.0
    refine: RefinePoses | None = None  # of the solve that stands, as it is published

    def __call__(self, record: ClipRecord) -> ClipRecord:
        record = self._chosen(record)
        if self.refine is None:
            return record.give(pose_refined=None)
        by_prior = record["pose_from"] == "prior"
        unasked = grown_by(record["dynamic_masks"], self.judged_grown_px) if by_prior else None
        return refined(record, self.refine, self.grade, unasked)

    def _chosen(self, record: ClipRecord) -> ClipRecord:
        found: ObjectMasks = record["object_masks"]
        if found.by != "language":
            return record.give(named_ratio=None, pose_from="motion")
        masks = found.union(record["tracks"].frame_index)
        first: tuple[Trajectory, Trust] = record["trajectory"], record["trust"]
        grown = grown_by(masks, self.grown_px)
        share = named_ratio(first[0], grown)
        record = record.give(named_ratio=share, pose_from="motion", dynamic_masks=masks)
        missed = missed_ratio(first[0], record["naming"].objects, grown)
        if not first[1].reasons and missed >= self.choose.most_missed:
            return _refused(record, MISSED.format(share=missed))
        if first[0].method == "still" or not self.choose.asks(share, first[1]):
            return record
        again = self._again(record, grown, grown_by(masks, self.judged_grown_px))
        missed = missed_ratio(again["trajectory"], record["naming"].objects, grown)
        if missed >= self.choose.most_missed:
            again = _refused(again, MISSED.format(share=missed))
        choice = self.choose(share, first, (again["trajectory"], again["trust"]))
        if choice in ("prior", "overruled"):
            names = ("trajectory", "trust", "background", "camera_motion")
            given = {name: again[name] for name in names}
            if choice == "overruled" and given["trust"].quality == "gold":
                given["trust"] = self._silver(given["trust"])
            return record.give(pose_from="prior", **given)
        if choice == "conflict":
            return _refused(record, CONFLICT.format(share=share))
        return record

    def _silver(self, trust: Trust) -> Trust:
        """Of a gold one; refused where that is too little."""
        enough = self.grade.rule.min_quality != "gold"
        return replace(trust, quality="silver", reasons=() if enough else (OVERRULED,))

    def _again(self, record: ClipRecord, masks: DynamicMasks, unasked: DynamicMasks) -> ClipRecord:
        given: SolveOptions = record["solve_options"]
        # What is named is not taken back because it fits: a slow train does, and the path is 3.6 % off; 0.06 without.
        options = replace(given, mapping=replace(given.mapping, doubted_share=NEVER))
        record = self.camera(self.label(record.give(dynamic_masks=masks)))
        graded = self.grade.graded(SolveCamera(options)(record), unasked)
        unclear = unclear_turn(graded["trajectory"], record["camera_motion"], self.clear_turn)
        return _refused(graded, UNCLEAR) if unclear and not graded["trust"].reasons else graded


def _refused(record: ClipRecord, reason: str) -> ClipRecord:
    """The record with a solve that nobody may use."""
    trust = replace(record["trust"], quality=None, reasons=(reason,), focal_reliable=False, translation_reliable=False)
    return record.give(trust=trust, trajectory=replace(record["trajectory"], focal_reliable=False))


def unclear_turn(trajectory: Trajectory, seen: CameraMotion, clear_turn: float) -> bool:
    """Whether a camera is said to turn that may as well move: see `UsePrior.clear_turn`."""
    clear = seen.verdict == "rotation" and (seen.parallax_ratio or 0.0) <= clear_turn
    return trajectory.rotation_only and not clear


def grown_by(masks: DynamicMasks, reach_px: float) -> DynamicMasks:
    """The masks grown all round. reach_px: at a width of 320."""
    reach = round(reach_px * masks.masks.shape[2] / 320)
    if not reach:
        return masks
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    grown = np.stack([cv2.dilate(mask.astype(np.uint8), disk) > 0 for mask in masks.masks])
    return replace(masks, masks=grown, share=grown.mean(axis=(1, 2)))


def missed_ratio(trajectory: Trajectory, objects: Sequence[Named], masks: DynamicMasks) -> float:
    """Of the observations a solve rests on, in the key frames of objects with a box, the share in a box and in no mask:
    mean over these frames; 0 without any. Much of it says that a mask shows another part of its box than is meant.

    Boxes that their mask reaches across and fills count for nothing: a person before the camera stands in a box that
    three quarters of what is at rest lie in."""
    tracks, kept = trajectory.as_seen(), trajectory.kept
    scale = masks.masks.shape[2] / tracks.width
    boxes: dict[int, list[np.ndarray]] = {}
    for sighting in (each for named in objects for each in named.seen):
        box = sighting.box_px(tracks.width, tracks.height)
        if box is not None and not fills(masks.masks[sighting.frame], box * scale):
            boxes.setdefault(sighting.frame, []).append(box)
    shares = []
    for frame, there in boxes.items():
        xy = tracks.xy[kept & (tracks.frame == frame)]
        if not len(xy):
            continue
        held = np.any([np.all((xy >= box[:2]) & (xy <= box[2:]), axis=1) for box in there], axis=0)
        at = np.clip((xy * scale).round().astype(int), 0, np.array(masks.masks.shape[:0:-1]) - 1)
        shares.append(np.mean(held & ~masks.masks[frame, at[:, 1], at[:, 0]]))
    return float(np.mean(shares)) if shares else 0.0


def fills(mask: np.ndarray, box: np.ndarray) -> bool:
    """Whether what of a mask, bool (h, w), lies in a box reaches across it, and covers half of it. box: left, top,
    right, bottom, pixels of the mask."""
    left, top, right, bottom = np.clip(box.round().astype(int), 0, [*mask.shape[::-1]] * 2)
    inner = mask[top:bottom, left:right]
    reach = mask_box(inner)
    if reach is None:
        return False
    across = (reach[2] - reach[0]) * (reach[3] - reach[1]) / inner.size
    return bool(across >= LEAST_REACH and inner.mean() >= LEAST_FILL)


def named_ratio(trajectory: Trajectory, masks: DynamicMasks) -> float:
    """Of the observations a solve rests on, the share on tracks that lie in masks for a half of their time."""
    tracks, kept = trajectory.as_seen(), trajectory.kept
    if not kept.any():
        return 0.0
    return float((inside(tracks, masks) >= 0.5)[tracks.track[kept]].mean())
