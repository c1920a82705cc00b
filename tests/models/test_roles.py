"""Every backend against its role's contract, and the contracts against backends that break them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from factory.errors import ModelAnswerError
from factory.models import answers
from factory.models.dis import DisFlow
from factory.models.lk import LucasKanade
from factory.models.roles import Boxes, DepthMaps, Focals, Followed, Prompt
from factory.video import Frame
from tests.models import contracts
from tests.models.contracts import textured
from tests.passing import decoding


@dataclass
class FakeFollower:
    def follow(self, frames: np.ndarray, queries: np.ndarray) -> Followed:
        xy = np.repeat(queries[:, None, 1:], len(frames), axis=1)
        return Followed(xy, np.ones(xy.shape[:2], bool))


@dataclass
class FakeSegmenter:
    def classes(self, frames: np.ndarray, names: Sequence[str]) -> np.ndarray:
        return np.full(frames.shape[:3], len(names), np.uint8)


@dataclass
class FakeVideoMasks:
    def propagate(self, frames: np.ndarray, prompts: Sequence[Prompt]) -> np.ndarray:
        return np.ones((len({prompt.object_id for prompt in prompts}), *frames.shape[:3]), bool)


@dataclass
class FakeDetector:
    def boxes(self, frames: np.ndarray, words: Sequence[str]) -> Boxes:
        count = len(frames)
        each = np.arange(count)
        return Boxes(each, np.ones((count, 4), np.float32), np.ones(count, np.float32), each % len(words))


@dataclass
class FakeDepth:
    def depth(self, frames: np.ndarray, focal_px: np.ndarray | None = None) -> DepthMaps:
        return DepthMaps(np.ones(frames.shape[:3], np.float16), "scaled" if focal_px is None else "metric")


@dataclass
class FakeIntrinsics:
    def focals(self, frames: np.ndarray) -> Focals:
        return Focals(np.full(len(frames), 500, np.float32), np.full(len(frames), np.nan, np.float32))


@dataclass
class FakeStereo:
    def disparity(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:  # noqa: ARG002
        return np.full(left.shape[:3], 4, np.float32)


@dataclass
class FakeVlm:
    def ask(self, frames: np.ndarray, questions: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        return np.full(len(questions), np.nan, np.float32)


BACKENDS: dict[str, tuple[Any, Any]] = {
    "dis": (contracts.flow, DisFlow("fast")),
    "follower": (contracts.follower, FakeFollower()),
    "segmenter": (contracts.segmenter, FakeSegmenter()),
    "video_masks": (contracts.video_masks, FakeVideoMasks()),
    "detector": (contracts.detector, FakeDetector()),
    "depth": (contracts.depth, FakeDepth()),
    "intrinsics": (contracts.intrinsics, FakeIntrinsics()),
    "stereo": (contracts.stereo, FakeStereo()),
    "vlm": (contracts.vlm, FakeVlm()),
}


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_keeps_its_role_s_contract(name):
    contract, backend = BACKENDS[name]
    contract(backend)


def test_raft_keeps_the_contract_of_flow():
    pytest.importorskip("torchvision", reason="the extra `models` is not installed: pip install '.[models]'")
    from factory.models.raft import RaftFlow

    contracts.flow(RaftFlow(weights="none", updates=1, device="cpu"), means_it=False)


def test_the_tracker_gives_tracks_of_what_it_sampled():
    frames = [Frame(i, i / 24, frame) for i, frame in enumerate(textured(12, 96, 160, shift_px=2)[..., 0])]
    tracks = LucasKanade().track(decoding(frames, 24.0))
    assert tracks.frame_index.tolist() == [0, 2, 4, 6, 8, 10]
    assert tracks.count > 20
    _, here, there = tracks.pair(0, 5)
    np.testing.assert_allclose(np.median(there - here, axis=0), [20, 0], atol=0.2)


FRAMES, WORDS = textured(2, 16, 24), ("one", "two")
ONES = np.ones((2, 16, 24), np.float32)
ONE_BOX = np.ones((1, 4), np.float32)
WRONG = {
    "flow that is not finite": (answers.pairs, np.full((1, 16, 24, 2), np.nan, np.float32), np.array([[0, 1]])),
    "flow of doubles": (answers.pairs, np.zeros((1, 16, 24, 2)), np.array([[0, 1]])),
    "a list": (answers.pairs, [1, 2], np.array([[0, 1]])),
    "a class that nobody named": (answers.classes, np.full((2, 16, 24), 3, np.uint8), WORDS),
    "one mask too many": (answers.propagate, np.ones((2, 2, 16, 24), bool), [Prompt(0, 0), Prompt(0, 1)]),
    "a box in no frame": (
        answers.boxes,
        Boxes(np.array([2]), *(np.ones((1, 4), np.float32),) * 2, np.array([0])),
        WORDS,
    ),
    "depth that says nothing of its kind": (answers.depth, DepthMaps(ONES, "plenty"), None),  # type: ignore[arg-type]
    "a focal length of 0": (answers.focals, Focals(np.zeros(2, np.float32), np.zeros(2, np.float32))),
    "a disparity too few": (answers.disparity, ONES[:1], FRAMES),
    "an answer too few": (answers.ask, np.ones(1, np.float32), WORDS),
    "more than certain": (answers.ask, np.array([0.5, 1.5], np.float32), WORDS),
    "no dataclass": (answers.follow, ONES, np.zeros((1, 3), np.float32)),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_answer_that_breaks_the_contract_is_refused(what):
    check, found, *asked = WRONG[what]
    with pytest.raises(ModelAnswerError):
        check(found, FRAMES, *asked)
