"""Objects of named classes, found in key frames and followed: each pixel once, as few rounds as it takes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from factory.masks.objects import FollowObjects
from factory.models.roles import Boxes, Prompt

HEIGHT, WIDTH, COUNT = 40, 80, 30


def scene(number: int) -> np.ndarray:
    """Classes: 1 from the start on, 2 from frame 10 to 20, and a speck of 1 in one frame."""
    classes = np.zeros((HEIGHT, WIDTH), np.uint8)
    classes[10:20, number : number + 12] = 1
    if 10 <= number < 20:
        classes[25:35, 60:70] = 2
    if number == 5:
        classes[2, 70] = 1
    return classes


SCENE = np.stack([scene(number) for number in range(COUNT)])


def numbered(count: int = COUNT) -> np.ndarray:
    return np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, HEIGHT, WIDTH, 3))


@dataclass
class Sees:
    """Knows the classes of a frame by its number."""

    asked: list[int] = field(default_factory=list)

    def classes(self, frames: np.ndarray, names: Sequence[str]) -> np.ndarray:
        assert tuple(names) == ("walker", "ball")
        self.asked += frames[:, 0, 0, 0].tolist()
        return SCENE[frames[:, 0, 0, 0]]


@dataclass
class Follows:
    """Follows what it is pointed at through the whole clip, by the class that lies there; loses class 1 in `lost`."""

    lost: tuple[int, ...] = ()
    rounds: list[list[tuple[int, int]]] = field(default_factory=list)

    def propagate(self, frames: np.ndarray, prompts: Sequence[Prompt]) -> np.ndarray:
        found, asked = np.zeros((len(prompts), *frames.shape[:3]), bool), []
        for number, prompt in enumerate(prompts):
            if prompt.box is not None:
                x0, y0, x1, y1 = prompt.box.astype(int)
                found[number, :, y0 + 2 : y1 - 2, x0 + 2 : x1 - 2] = True
                asked.append((prompt.frame, -1))
                continue
            (name,) = np.unique(SCENE[prompt.frame][prompt.mask])
            asked.append((prompt.frame, int(name)))
            found[number] = SCENE[: len(frames)] == name
            found[number][list(self.lost)] &= name != 1
        self.rounds.append(asked)
        return found


def test_what_a_later_frame_shows_is_followed_as_well_and_nothing_twice():
    sees, follows = Sees(), Follows()
    masks = FollowObjects(("walker", "ball"), every=5, least_share=0.001)(sees, follows, None, numbered())
    assert sees.asked == [0, 5, 10, 15, 20, 25]
    assert follows.rounds == [[(0, 1)], [(10, 2)]]
    assert np.array_equal(masks, SCENE > 0)  # the speck, too: a key frame's own classes stay


def test_what_was_lost_is_asked_for_again_where_it_is_seen():
    follows = Follows(lost=tuple(range(8, 30)))
    FollowObjects(("walker", "ball"), every=5, most_rounds=2)(Sees(), follows, None, numbered())
    assert follows.rounds == [[(0, 1)], [(10, 1), (10, 2)]]


def test_rounds_end_although_nothing_is_ever_covered():
    follows = Follows(lost=tuple(range(30)))
    FollowObjects(("walker", "ball"), every=10, most_rounds=3)(Sees(), follows, None, numbered())
    assert len(follows.rounds) == 3


def test_where_nothing_is_seen_nothing_is_followed():
    @dataclass
    class Blind(Sees):
        def classes(self, frames: np.ndarray, names: Sequence[str]) -> np.ndarray:  # noqa: ARG002
            return np.zeros(frames.shape[:3], np.uint8)

    follows = Follows()
    assert not FollowObjects(("walker", "ball"))(Blind(), follows, None, numbered()).any()
    assert follows.rounds == []


def test_what_hands_hold_is_followed_from_its_box_and_not_masked_as_a_box():
    @dataclass
    class Detects:
        def boxes(self, frames: np.ndarray, words: Sequence[str]) -> Boxes:
            assert tuple(words) == ("hand", "object held in a hand")
            count = len(frames)
            box = np.tile(np.array([[2, 20, 22, 38]], np.float32), (count, 1))
            return Boxes(np.arange(count), box, np.full(count, 0.9, np.float32), np.zeros(count, np.int64))

    follows = Follows()
    masks = FollowObjects(("walker", "ball"), every=5)(Sees(), follows, Detects(), numbered())
    assert follows.rounds == [[(0, 1), (0, -1)], [(10, 2)]]  # the box is covered from then on
    assert masks[3, 30, 10]
    assert not masks[0, 20, 2]  # a corner of the box, which is no part of what it holds
