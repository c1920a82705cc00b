"""Caption: posed clips in, a paragraph about each out. In no pipeline by default."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from factory.clip import ClipRecord
from factory.declared import ClipPhase
from factory.engine.work import Row
from factory.errors import ConfigError, ModelError
from factory.manifest.schema import column
from factory.models.roles import Teller
from factory.phases.phase import common_row
from factory.stage import Outcome

TASK = (
    "These pictures are frames of one video clip, in their order. Describe the clip in one paragraph of three to five "
    "plain sentences: what is seen, what moves and how, and how the camera moves. Measured was that {measured}. Do not "
    "contradict it, do not mention the pictures, and name nothing that cannot be seen."
)
SAMPLE = "nothing moves"
CAMERA = {
    "still": "the camera stands still",
    "rotation": "the camera turns in its place",
    "parallax": "the camera moves through the scene",
}


@dataclass
class Describe:
    """Asks a model for a paragraph about a clip's stills and its measured motion. Gives: caption."""

    needs: ClassVar[tuple[str, ...]] = ("stills", "camera_motion", "dynamic_share", "path_by_depth")
    gives: ClassVar[tuple[str, ...]] = ("caption",)

    teller: Teller
    task: str = TASK  # with a place for {measured}

    def __post_init__(self) -> None:
        try:
            whole = SAMPLE in self.task.format(measured=SAMPLE)
        except (KeyError, IndexError, ValueError):
            whole = False
        if not whole:
            raise ConfigError("the task of a caption needs a place for {measured}, and other braces doubled.")

    def __call__(self, record: ClipRecord) -> ClipRecord:
        words = self.task.format(measured=measured(record))
        caption = ended(self.teller.tell(np.stack(record["stills"]), words).text)
        if not caption:
            raise ModelError("the model does not describe this clip: it refuses, or says no whole sentence.")
        return record.give(caption=caption)


def ended(text: str) -> str:
    """Without a last sentence that was broken off."""
    return text[: max(text.rfind(mark) for mark in ".!?") + 1]


def measured(record: ClipRecord) -> str:
    """How the camera moves and how much else does, in words."""
    told = [CAMERA.get(record["camera_motion"], "how the camera moves is not known")]
    if record["camera_motion"] == "parallax" and record["path_by_depth"] is not None:
        told[0] += f", on a path of {record['path_by_depth']:.2g} times the median distance of what is seen"
    if record["dynamic_share"] is not None:
        told.append(f"{record['dynamic_share']:.0%} of the picture moves on its own")
    return " and ".join(told)


@dataclass(frozen=True, kw_only=True)
class Caption(ClipPhase):
    """A paragraph each clip."""

    def columns(self) -> tuple[pa.Field, ...]:
        return (column("caption", pa.string(), "what is seen, what moves, how the camera moves; by a language model"),)

    def rows(self, outcome: Outcome) -> list[Row]:
        values: Any = outcome.record.values
        return [{**common_row(outcome), "caption": values.get("caption")}]
