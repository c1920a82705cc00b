"""What the pose phase keeps of a clip's objects, where it asks for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from factory.clip import ClipRecord
from factory.construct import Positive
from factory.masks.inside import inside
from factory.phases.naming import Naming
from factory.prior.object_masks import ObjectMasks
from factory.prior.objects_file import found_json, named_json, pack_instances, pack_objects
from factory.sfm.model.explained import explained_tracks
from factory.sfm.model.trajectory import Trajectory
from factory.storage.names import valid
from factory.storage.output import Storage
from factory.tracks import Tracks


@dataclass
class KeepObjects:
    """Writes objects.json and instances.npz, see `prior.objects_file`. Gives: artifacts anew, object_moving_ratio."""

    needs: ClassVar[tuple[str, ...]] = (
        *("storage", "artifact_folder", "artifacts", "tracks", "trajectory", "naming", "object_masks"),
    )
    gives: ClassVar[tuple[str, ...]] = ("artifacts", "object_moving_ratio")

    resting_px: Positive = 2.0  # root mean square, of a frame 640 wide, up to which a track rests; as the trust's

    def __call__(self, record: ClipRecord) -> ClipRecord:
        tracks: Tracks = record["tracks"]
        naming: Naming = record["naming"]
        found: ObjectMasks = record["object_masks"]
        index, size = tracks.frame_index, (record.clip.width, record.clip.height)
        moving = list(self._moving(tracks, record["trajectory"], found))
        said = naming.said
        contents = {
            "by": found.by,
            "note": found.note,
            "key_frames": None if naming.key_frames is None else index[naming.key_frames].tolist(),
            "raw": None if said is None else valid(said.text),
            "tokens_in": None if said is None else said.tokens_in,
            "tokens_out": None if said is None else said.tokens_out,
            "usd": None if said is None else said.usd,
            "dropped": list(naming.dropped),
            "named": named_json(naming.objects, index, size),
            "objects": found_json(found, moving, index, size),
        }
        files = {"objects.json": pack_objects(contents), "instances.npz": pack_instances(index, found.masks)}
        storage: Storage = record["storage"]
        paths = {file: f"{record['artifact_folder']}/{file}" for file in files}
        for file, content in files.items():
            storage.write(storage.artifact(paths[file]), content)
        named = {file.partition(".")[0]: path for file, path in paths.items()}
        return record.give(artifacts={**record["artifacts"], **named}, object_moving_ratio=moving)

    def _moving(self, tracks: Tracks, trajectory: Trajectory, found: ObjectMasks) -> Iterator[float | None]:
        """Of each object's tracks the share that does not rest under the poses; None where that cannot be said."""
        rests = None
        if trajectory.registered.sum() >= 2:
            scale = max(tracks.width, tracks.height) / 640
            rests = explained_tracks(trajectory, trajectory.ideal(tracks), self.resting_px * scale)
        for number in range(len(found.names)):
            one = ObjectMasks(found.names[number : number + 1], found.masks[number : number + 1], found.by)
            mine = inside(tracks, one.union(tracks.frame_index)) >= 0.5
            yield float(np.mean(~rests[mine])) if rests is not None and mine.any() else None
