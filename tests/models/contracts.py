"""What every backend of a role must do, whichever it is: a function a role. `tests/models/test_roles.py` calls them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from factory.models import answers, roles


def textured(count: int, height: int, width: int, shift_px: int = 0) -> np.ndarray:
    """uint8 (F, H, W, 3): a texture that moves right by so many pixels a frame."""
    rng = np.random.default_rng(3)
    wide = rng.integers(0, 255, (height // 8 + 2, (width + count * abs(shift_px)) // 8 + 2, 3)).astype(np.float32)
    wall = np.kron(wide, np.ones((8, 8, 1), np.float32))
    for axis in (0, 1):  # smooth enough for flow to hold on to
        wall = sum(np.roll(wall, step, axis) for step in range(-3, 4)) / 7
    begin = count * abs(shift_px)
    cut = [wall[:height, begin - f * shift_px : begin - f * shift_px + width] for f in range(count)]
    return np.stack(cut).astype(np.uint8)


def _twice(ask: Callable[[], Any]) -> Any:
    """The same answer every time, and the frames are as they were."""
    first, second = ask(), ask()
    np.testing.assert_equal(_plain(first), _plain(second))
    return first


def _plain(found: Any) -> Any:
    return vars(found) if hasattr(found, "__dataclass_fields__") else found


def flow(backend: roles.Flow, least_side_px: int = 40, means_it: bool = True) -> None:
    """means_it: not of a network without its weights."""
    for height, width in ((least_side_px, least_side_px + 21), (96, 160)):
        frames = textured(3, height, width, shift_px=3)
        before = frames.copy()
        pairs = np.array([[0, 1], [1, 0], [0, 2]])
        found = _twice(lambda f=frames, p=pairs: backend.pairs(f, p))
        answers.pairs(found, frames, pairs)
        assert np.array_equal(frames, before)
        one = backend.pairs(frames, pairs[1:2])
        np.testing.assert_allclose(one[0], found[1], atol=0.02)  # alone as in company
        answers.pairs(backend.pairs(frames, pairs[:0]), frames, pairs[:0])
        if means_it and width > 100:
            middle = found[:, 30:-30, 30:-30].astype(np.float64)
            np.testing.assert_allclose(np.median(middle[..., 0], axis=(1, 2)), [3, -3, 6], atol=0.3)
            away = np.array([[[1.0, 0, 3], [0, 1, 0], [0, 0, 1]]])
            still = backend.pairs(frames, pairs[:1], away)[0, 30:-30, 30:-30]
            assert abs(float(np.median(still[..., 0]))) < 0.3  # what the homography takes out is not seen


# Frames, height, width: as usual, one portrait frame of odd sides, and as many frames as a clip may have.
SHAPES = ((2, 64, 96), (1, 90, 51))
MANY = (300, 36, 64)


def follower(backend: roles.Follower) -> None:
    frames = textured(4, 64, 96, shift_px=2)
    queries = np.array([[0, 40, 30], [2, 50, 20]], np.float32)
    found = _twice(lambda: backend.follow(frames, queries))
    answers.follow(found, frames, queries)
    for number, (frame, x, y) in enumerate(queries):
        assert found.visible[number, int(frame)]
        np.testing.assert_allclose(found.xy[number, int(frame)], [x, y], atol=1.0)
    answers.follow(backend.follow(frames, queries[:0]), frames, queries[:0])
    portrait = textured(2, 90, 51, shift_px=2)
    answers.follow(backend.follow(portrait, queries[:1]), portrait, queries[:1])


def segmenter(backend: roles.Segmenter, shapes: Sequence[tuple[int, int, int]] = SHAPES) -> None:
    names = ("person", "dog")
    for shape in shapes:
        frames = textured(*shape)
        answers.classes(_twice(lambda f=frames: backend.classes(f, names)), frames, names)


def video_masks(backend: roles.VideoMasks) -> None:
    frames = textured(3, 64, 96, shift_px=2)
    prompts = [
        roles.Prompt(7, 0, box=np.array([20.0, 10, 50, 40])),
        roles.Prompt(3, 1, points=np.array([[60.0, 30]]), inside=np.array([True])),
        roles.Prompt(7, 2, mask=np.zeros((64, 96), bool)),
    ]
    answers.propagate(_twice(lambda: backend.propagate(frames, prompts)), frames, prompts)
    portrait, prompts = textured(1, 90, 51), [roles.Prompt(0, 0, box=np.array([20.0, 10, 40, 40]))]
    answers.propagate(backend.propagate(portrait, prompts), portrait, prompts)


def detector(backend: roles.Detector, shapes: Sequence[tuple[int, int, int]] = SHAPES) -> None:
    words = ("a person", "a dog")
    for shape in shapes:
        frames = textured(*shape)
        answers.boxes(_twice(lambda f=frames: backend.boxes(f, words)), frames, words)


def depth(backend: roles.Depth, shapes: Sequence[tuple[int, int, int]] = SHAPES) -> None:
    for shape in shapes:
        frames = textured(*shape)
        for focal_px in (None, np.full(shape[0], 90.0), np.r_[np.nan, np.full(shape[0] - 1, 90.0)]):
            found = _twice(lambda f=frames, focal_px=focal_px: backend.depth(f, focal_px))
            answers.depth(found, frames, focal_px)


def intrinsics(backend: roles.Intrinsics, shapes: Sequence[tuple[int, int, int]] = SHAPES) -> None:
    for shape in shapes:
        frames = textured(*shape)
        answers.focals(_twice(lambda f=frames: backend.focals(f)), frames)


def stereo(backend: roles.Stereo) -> None:
    for _, height, width in SHAPES:
        frames = textured(2, height, width, shift_px=4)
        found = _twice(lambda f=frames: backend.disparity(f[1:], f[:1]))
        answers.disparity(found, frames[1:], frames[:1])


def teller(backend: roles.Teller) -> None:
    for shape in SHAPES:
        frames = textured(*shape)
        answers.tell(_twice(lambda f=frames: backend.tell(f, "Describe it.")), frames, "Describe it.")


def vlm(backend: roles.Vlm) -> None:
    questions = ("Does anything move?", "Is it drawn?")
    for shape in SHAPES:
        frames = textured(*shape)
        answers.ask(_twice(lambda f=frames: backend.ask(f, questions)), frames, questions)
        answers.ask(backend.ask(frames, ()), frames, ())
