"""What a model of each role is asked, and what it answers: NumPy in, NumPy out. Stages know roles, never networks.

Calls are plural: a clip's frames once, and all questions about them. Positions are pixels of the frames given, pixel
centres at integers; `frames` is uint8 (F, H, W, 3) RGB and is not written to after it was given: a pool keeps it for
the clip's later questions. Each role is one method; what a `Network` answers to it is checked by the function of the
same name in `answers.py`, in every call, and any backend by the suite of its role in the tests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from factory.frames import Frames
from factory.tracks import Tracks


class Flow(Protocol):
    """Dense optical flow."""

    def pairs(self, frames: np.ndarray, pairs: np.ndarray, warps: np.ndarray | None = None) -> np.ndarray:
        """float16 or float32 (P, H, W, 2) pixels, (x, y): frames[i][p] ~ seen[p + flow[p]], for each of the P pairs.

        pairs: int (P, 2), frames i and j. warps: float64 (P, 3, 3), homographies that take points of frame i to frame
        j, through which j is seen: seen[p] = frames[j][warp(p)]. None: seen is frames[j].
        """
        ...


@dataclass(frozen=True)
class Followed:
    """xy: float32 (N, F, 2) pixels. visible: bool (N, F). Where a point is not visible its xy is a guess."""

    xy: np.ndarray
    visible: np.ndarray


class Follower(Protocol):
    """Follows points that it is given: TAPIR, CoTracker. How points are chosen and stitched is a tracker's business."""

    def follow(self, frames: np.ndarray, queries: np.ndarray) -> Followed:
        """queries: float32 (N, 3): frame, x, y."""
        ...


class Segmenter(Protocol):
    """Classes of pixels."""

    def classes(self, frames: np.ndarray, names: Sequence[str]) -> np.ndarray:
        """uint8 (F, H, W): 0 where a pixel is of none of the named classes, else 1 + its place in `names`."""
        ...


@dataclass(frozen=True)
class Prompt:
    """What one object is in one frame. box: float (4,) x0, y0, x1, y1. points: float (K, 2), with inside: bool (K,).
    mask: bool (H, W). At least one is given."""

    object_id: int
    frame: int
    box: np.ndarray | None = None
    points: np.ndarray | None = None
    inside: np.ndarray | None = None
    mask: np.ndarray | None = None


class VideoMasks(Protocol):
    """Objects followed as masks."""

    def propagate(self, frames: np.ndarray, prompts: Sequence[Prompt]) -> np.ndarray:
        """bool (O, F, H, W), an object each in ascending order of `object_id`."""
        ...


@dataclass(frozen=True)
class Boxes:
    """frame: int (N,), ascending. xyxy: float32 (N, 4) pixels. score: float32 (N,) in [0, 1]. word: int (N,), which of
    the words asked for."""

    frame: np.ndarray
    xyxy: np.ndarray
    score: np.ndarray
    word: np.ndarray


class Detector(Protocol):
    """Objects that words name."""

    def boxes(self, frames: np.ndarray, words: Sequence[str]) -> Boxes: ...


@dataclass(frozen=True)
class DepthMaps:
    """values: float16 or float32 (F, H, W). kind: metres along the optical axis ("metric"); that up to one scale a
    clip ("scaled"); or a disparity up to scale and shift a frame ("affine_disparity")."""

    values: np.ndarray
    kind: Literal["metric", "scaled", "affine_disparity"]


class Depth(Protocol):
    """Depth of single pictures."""

    def depth(self, frames: np.ndarray, focal_px: np.ndarray | None = None) -> DepthMaps:
        """focal_px: float (F,), NaN where it is not known."""
        ...


@dataclass(frozen=True)
class Focals:
    """focal_px: float32 (F,), each frame by itself. log_sd: float32 (F,), the model's own doubt of its logarithm; NaN
    where it has none."""

    focal_px: np.ndarray
    log_sd: np.ndarray


class Intrinsics(Protocol):
    """The camera of single pictures."""

    def focals(self, frames: np.ndarray) -> Focals: ...


class Stereo(Protocol):
    """Disparity of rectified pairs."""

    def disparity(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """float16 or float32 (F, H, W) pixels: left[y, x] ~ right[y, x - disparity]. NaN where there is none.

        left, right: uint8 (F, H, W, 3)."""
        ...


class Vlm(Protocol):
    """A language model that sees."""

    def ask(self, frames: np.ndarray, questions: Sequence[str]) -> np.ndarray:
        """float32 (Q,): of each question, about all frames in their order, how probable yes is; NaN where it abstains,
        refuses, or says something else."""
        ...


@dataclass(frozen=True)
class Told:
    """What a language model says, empty where it refuses; the tokens of question and answer, and what they cost by the
    prices it was given: None where it does not tell."""

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    usd: float | None = None


class Teller(Protocol):
    """A language model that sees, and tells."""

    def tell(self, frames: np.ndarray, words: str, form: Mapping[str, Any] | None = None) -> Told:
        """What `words` ask for, of all frames in their order. form: the JSON schema of the answer, which not every
        model can be held to."""
        ...


class Tracker(Protocol):
    """Points through a clip: which ones, and where they go. It may ask a `Follower`."""

    def track(self, frames: Frames) -> Tracks:
        """Tracks seen in at least two sampled frames, in pixels of the grey frames. Of a clip that has not been decoded
        yet, the frames between the sampled ones may be followed, too."""
        ...
