"""Whether a model answered what its role promises. A function a role's method, under the same name and with what was
asked behind the answer. Each raises ModelAnswerError."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from factory.errors import ModelAnswerError
from factory.models.roles import Boxes, DepthMaps, Focals, Followed, Prompt, Told

FLOATS, SIGNED = ("float16", "float32"), ("int32", "int64")


def pairs(found: Any, frames: np.ndarray, pairs: np.ndarray, warps: np.ndarray | None = None) -> None:
    del warps
    _array("flow", found, (len(pairs), *frames.shape[1:3], 2), FLOATS)
    _finite("flow", found)


def follow(found: Any, frames: np.ndarray, queries: np.ndarray) -> None:
    _instance(found, Followed)
    _array("xy", found.xy, (len(queries), len(frames), 2), ("float32",))
    _array("visible", found.visible, (len(queries), len(frames)), ("bool",))
    _finite("xy", found.xy)


def classes(found: Any, frames: np.ndarray, names: Sequence[str]) -> None:
    _array("classes", found, frames.shape[:3], ("uint8",))
    _within("classes", found, 0, len(names))


def propagate(found: Any, frames: np.ndarray, prompts: Sequence[Prompt]) -> None:
    objects = len({prompt.object_id for prompt in prompts})
    _array("masks", found, (objects, *frames.shape[:3]), ("bool",))


def boxes(found: Any, frames: np.ndarray, words: Sequence[str]) -> None:
    _instance(found, Boxes)
    count = len(found.frame)
    _array("frame", found.frame, (count,), SIGNED)
    _array("xyxy", found.xyxy, (count, 4), ("float32",))
    _array("score", found.score, (count,), ("float32",))
    _array("word", found.word, (count,), SIGNED)
    _within("frame", found.frame, 0, len(frames) - 1)
    _within("word", found.word, 0, len(words) - 1)
    _within("score", found.score, 0.0, 1.0)
    _finite("xyxy", found.xyxy)
    if count and np.any(np.diff(found.frame) < 0):
        raise ModelAnswerError("frames of boxes that do not ascend")


def depth(found: Any, frames: np.ndarray, focal_px: np.ndarray | None = None) -> None:
    del focal_px
    _instance(found, DepthMaps)
    _array("depth", found.values, frames.shape[:3], FLOATS)
    if found.kind not in ("metric", "scaled", "affine_disparity"):
        raise ModelAnswerError(f"depth of an unknown kind, {found.kind}")


def focals(found: Any, frames: np.ndarray) -> None:
    _instance(found, Focals)
    _array("focal_px", found.focal_px, (len(frames),), ("float32",))
    _array("log_sd", found.log_sd, (len(frames),), ("float32",))
    if not np.all(found.focal_px > 0):
        raise ModelAnswerError("focal lengths that are not above 0")


def disparity(found: Any, left: np.ndarray, right: np.ndarray) -> None:
    del right
    _array("disparity", found, left.shape[:3], FLOATS)


def ask(found: Any, frames: np.ndarray, questions: Sequence[str]) -> None:
    del frames
    _array("answers", found, (len(questions),), ("float32",))
    _within("answers", found[~np.isnan(found)], 0.0, 1.0)


def tell(found: Any, frames: np.ndarray, words: str, form: Mapping[str, Any] | None = None) -> None:
    del frames, words, form
    _instance(found, Told)
    if not isinstance(found.text, str):
        raise ModelAnswerError(f"a {type(found.text).__name__}, not a text")


CHECKS: dict[str, Callable[..., None]] = {
    check.__name__: check for check in (pairs, follow, classes, propagate, boxes, depth, focals, disparity, ask, tell)
}


def _instance(found: Any, kind: type) -> None:
    if not isinstance(found, kind):
        raise ModelAnswerError(f"a {type(found).__name__}, not a {kind.__name__}")


def _array(name: str, found: Any, shape: tuple[int, ...], dtypes: Sequence[str]) -> None:
    if not isinstance(found, np.ndarray) or found.dtype.name not in dtypes:
        told = found.dtype.name if isinstance(found, np.ndarray) else type(found).__name__
        raise ModelAnswerError(f"{name} of {told}, not {' or '.join(dtypes)}")
    if found.shape != shape:
        raise ModelAnswerError(f"{name} of shape {found.shape}, not {shape}")


def _finite(name: str, found: np.ndarray) -> None:
    if not np.isfinite(found).all():
        raise ModelAnswerError(f"{name} with values that are not finite")


def _within(name: str, found: np.ndarray, least: float, most: float) -> None:
    if found.size and not (found.min() >= least and found.max() <= most):
        raise ModelAnswerError(f"{name} outside {least:g} to {most:g}")
