"""Masks before the solve: what things are and how they move."""

from dataclasses import dataclass, field
from typing import ClassVar

from factory.clip import ClipRecord
from factory.frames import Frames
from factory.masks.motion import DynamicMasks
from factory.masks.objects import FollowObjects
from factory.masks.sampson import SampsonMask
from factory.models.roles import Detector, Flow, Segmenter, VideoMasks


@dataclass
class MaskObjects:
    """DynPose-100K's complementary masks: the union of classes that move (OneFormer there), followed through the clip
    (SAM 2), with what is held in hands, and of pixels that break the epipolar geometry (RoDynRF's recipe).

    Gives: dynamic_masks, of the colour frames.
    """

    needs: ClassVar[tuple[str, ...]] = ("frames",)
    gives: ClassVar[tuple[str, ...]] = ("dynamic_masks",)

    segmenter: Segmenter
    video_masks: VideoMasks
    flow: Flow
    detector: Detector | None = None  # of what is held in hands
    objects: FollowObjects = field(default_factory=FollowObjects)
    motion: SampsonMask = field(default_factory=SampsonMask)

    def __call__(self, record: ClipRecord) -> ClipRecord:
        frames: Frames = record["frames"]
        colour = frames.colour
        masks = self.objects(self.segmenter, self.video_masks, self.detector, colour) | self.motion(self.flow, colour)
        return record.give(dynamic_masks=DynamicMasks(masks, masks.mean(axis=(1, 2)), frames.frame_index))
