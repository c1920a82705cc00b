"""Segmenting: the objects that were named, cut out in every frame; without any, what moves by itself, in parts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.construct import Count
from factory.masks.resized import resized
from factory.models.roles import Detector, Prompt, VideoMasks
from factory.phases.naming import Naming
from factory.prior.boxed import BoxMasks
from factory.prior.clusters import RigidClusters
from factory.prior.merge import groups, same_object
from factory.prior.named import Named, Sighting
from factory.prior.object_masks import ObjectMasks


@dataclass
class SegmentObjects:
    """Boxes of what is named become masks: by a network that follows objects (SAM 2 in Dynapo) where there is one, else
    by motion, colour and tracks. An object without a box is looked for by a detector of words, where there is one, in a
    few frames from its key frame on. Masks of one object under two names become one.

    Where nothing is named, or none of it is found, the moving tracks are clustered. Gives: object_masks.
    """

    needs: ClassVar[tuple[str, ...]] = ("frames", "tracks", "background", "trust", "dynamic_masks", "naming")
    gives: ClassVar[tuple[str, ...]] = ("object_masks",)

    detector: Detector | None = None
    video_masks: VideoMasks | None = None
    boxed: BoxMasks = field(default_factory=BoxMasks)  # in the place of video_masks
    clusters: RigidClusters = field(default_factory=RigidClusters)
    seeding: Count = 5  # frames from the key frame on in which a detector looks: Dynapo's window

    def __call__(self, record: ClipRecord) -> ClipRecord:
        naming: Naming = record["naming"]
        note = naming.note
        if naming.objects:
            found = self._found(record, naming.objects)
            if found.names:
                return record.give(object_masks=found)
            note = "none of the named objects is found in the pictures."
        masks = self.clusters(record["tracks"], record["dynamic_masks"])
        names = tuple(f"object {number}" for number in range(1, len(masks) + 1))
        return record.give(object_masks=ObjectMasks(names, masks, "clusters", note))

    def _found(self, record: ClipRecord, objects: Sequence[Named]) -> ObjectMasks:
        rgb, motion = record["frames"].rgb, record["dynamic_masks"]
        prompts = [self._prompts(number, named, rgb) for number, named in enumerate(objects)]
        if self.video_masks is not None:
            asked = [prompt for some in prompts for prompt in some]
            masks = self.video_masks.propagate(rgb, asked) if asked else np.zeros((0, *rgb.shape[:3]), bool)
            masks = np.array([resized(mask, motion.masks.shape[1:]) for mask in masks], bool)
        else:
            boxes, doubted = [some for some in prompts if some], bool(record["trust"].reasons)
            masks = self.boxed(rgb, record["tracks"], record["background"], motion, boxes, doubted)
        names = [named.name for named, some in zip(objects, prompts, strict=True) if some]
        seen = [number for number, mask in enumerate(masks) if mask.any()]
        masks, names = masks[seen], [names[number] for number in seen]
        together = groups(masks, same_object)
        united = np.array([np.logical_or.reduce(masks[some]) for some in together], bool)
        united = united.reshape(-1, *motion.masks.shape)
        return ObjectMasks(tuple(names[some[0]] for some in together), united, "language")

    def _prompts(self, number: int, named: Named, rgb: np.ndarray) -> list[Prompt]:
        """Boxes of one object, in pixels of the colour frames."""
        height, width = rgb.shape[1:3]
        told = [(s.frame, box) for s in named.seen if (box := s.box_px(width, height)) is not None]
        if not told and self.detector is not None:
            told = [found for sighting in named.seen for found in self._detected(self.detector, named, sighting, rgb)]
        return [Prompt(number, frame, box=box) for frame, box in told]

    def _detected(
        self, detector: Detector, named: Named, sighting: Sighting, rgb: np.ndarray
    ) -> list[tuple[int, np.ndarray]]:
        """The best box in each frame of the window that has one."""
        window = rgb[sighting.frame : sighting.frame + self.seeding]
        boxes = detector.boxes(window, (named.name,))
        found = []
        for frame in np.unique(boxes.frame):
            rows = np.flatnonzero(boxes.frame == frame)
            best = rows[np.argmax(boxes.score[rows])]
            found.append((sighting.frame + int(frame), boxes.xyxy[best].astype(float)))
        return found
