"""Poses with a dynamic prior: what is named as moving is left out, and the vote is held again among the others."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

from factory.background.camera_motion import CameraMotion
from factory.clip import ClipRecord
from factory.construct import NotNegative, Positive, Share
from factory.masks.motion import DynamicMasks
from factory.phases.grading import GradeCamera
from factory.phases.mask_labels import LabelByMask
from factory.phases.pose_stages import JudgeCamera, SolveCamera
from factory.phases.refine_pose import refined
from factory.prior.choose import ChoosePose
from factory.prior.object_masks import ObjectMasks
from factory.prior.shares import goes_round, grown_by, missed_ratio, named_ratio
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

    Gives: pose_from ("motion" or "prior"), named_ratio, pose_refined, and trajectory, trust, background,
    camera_motion, dynamic_masks and object_masks anew.
    """

    needs: ClassVar[tuple[str, ...]] = (
        *("frames", "tracks", "background", "camera_motion", "trajectory", "trust", "solve_options"),
        *("dynamic_masks", "naming", "object_masks"),
    )
    gives: ClassVar[tuple[str, ...]] = (
        *("pose_from", "named_ratio", "pose_refined"),
        *("trajectory", "trust", "background", "camera_motion", "dynamic_masks", "object_masks"),
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
    # Of the picture, the box of what may go all round it; a guess: a crowd's box may be large, too. A frame held before
    # the camera is 24 % off and gold by motion, 0.08, 0.08 and 0.18 so (three seeds); no better than silver is said.
    whole: Share = 0.95
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
        by_motion: DynamicMasks = record["dynamic_masks"]
        record = record.give(named_ratio=share, pose_from="motion", dynamic_masks=masks)
        missed = missed_ratio(first[0], record["naming"].objects, grown)
        if not first[1].reasons and missed >= self.choose.most_missed:
            return self._turned_round(record, by_motion) or _refused(record, MISSED.format(share=missed))
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

    def _turned_round(self, record: ClipRecord, by_motion: DynamicMasks) -> ClipRecord | None:
        """What is named goes all round the picture and is what the solve rests on, and what moves against it was cut
        out in its place: a frame, or a car's pillars, with the world in between. Then all but the motion masks is the
        named thing. None where there is no such box, or no solution without it."""
        named = [each for each in record["naming"].objects if any(goes_round(s.box, self.whole) for s in each.seen)]
        if not named:
            return None
        masks = replace(by_motion, masks=~by_motion.masks, share=1.0 - by_motion.share)
        again = self._again(record, grown_by(masks, self.grown_px), grown_by(masks, self.judged_grown_px))
        if again["trust"].reasons:
            return None
        trust = self._silver(again["trust"]) if again["trust"].quality == "gold" else again["trust"]
        given = {name: again[name] for name in ("trajectory", "background", "camera_motion")}
        objects = ObjectMasks((named[0].name,), masks.masks[None], "language")
        told = {"pose_from": "prior", "named_ratio": 1.0, "trust": trust}
        return record.give(dynamic_masks=masks, object_masks=objects, **told, **given)

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
