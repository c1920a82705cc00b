"""The list of networks that are measured: what each is asked, and in what batches."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import yaml

from factory.confdir import conf_dir
from factory.models.network import Call
from factory.models.roles import Prompt
from tests.bench.gpu import networks, plain
from tests.bench.gpu.networks import WORDS, Place

Given = tuple[Any, ...]
TORCH, HF = ("torch", "torchvision"), ("torch", "torchvision", "transformers")


@dataclass(frozen=True)
class Subject:
    """One network.

    conf: its settings, whose batch it is asked in. counts: what is counted. made: the adapter. given: what its method
    gets for some frames. plain: the library's loop on that. packages: without which it is not measured. blocks: classes
    of its modules that are compiled, each by itself: all of one class share what is compiled, which then takes seconds
    and not minutes. whole_clip: one question is a whole clip. half: half precision is the package's own matter.
    """

    name: str
    conf: str
    counts: str
    made: Callable[[Place], Any]
    given: Callable[[Place, np.ndarray], Given]
    plain: Callable[..., object]
    packages: tuple[str, ...]
    blocks: tuple[str, ...]
    whole_clip: bool = False
    half: bool = False

    def max_batch(self) -> int:
        return int(yaml.safe_load((conf_dir() / f"{self.conf}.yaml").read_text())["pool"]["max_batch"])

    def absent(self) -> list[str]:
        """Packages that are not installed."""
        return [name for name in self.packages if importlib.util.find_spec(name) is None]

    def calls(self, network: Any, place: Place, frames: np.ndarray, batch: int) -> list[Call]:
        """That many questions, of as many clips where each is a whole clip."""
        if self.whole_clip:
            return [Call(network.method, self.given(place, frames))] * batch
        return [Call(network.method, self.given(place, frames[np.arange(batch) % len(frames)]))]

    def items(self, place: Place, frames: np.ndarray) -> int:
        """In one question."""
        each = points(place) if self.counts == "point-frames" else 1
        return each * len(frames) if self.whole_clip else 1


def points(place: Place) -> int:
    return 256 if place.full else 8


def _alone(_: Place, frames: np.ndarray) -> Given:
    return (frames,)


def _with_words(_: Place, frames: np.ndarray) -> Given:
    return frames, WORDS[:2]


def _pairs(_: Place, frames: np.ndarray) -> Given:
    number = np.arange(len(frames))
    return frames, np.c_[number, (number + 1) % len(frames)]


def _prompts(_: Place, frames: np.ndarray) -> Given:
    height, width = frames.shape[1:3]
    boxes = np.array([[0.1, 0.1, 0.4, 0.5], [0.5, 0.4, 0.9, 0.8]]) * [width, height, width, height]
    return frames, tuple(Prompt(number, 0, box=box) for number, box in enumerate(boxes))


def _queries(place: Place, frames: np.ndarray) -> Given:
    at = np.random.default_rng(0).random((points(place), 2)) * [frames.shape[2] - 1, frames.shape[1] - 1]
    return frames, np.c_[np.zeros(len(at)), at].astype(np.float32)


def _raft(size: Any) -> Subject:
    parts = (partial(networks.raft, size), _pairs, plain.raft)
    return Subject(f"RaftFlow {size}", "flow/raft", "pairs", *parts, TORCH, ("FeatureEncoder", "UpdateBlock"))


SUBJECTS = (
    _raft("large"),
    _raft("small"),
    Subject(
        *("Sam2", "video_masks/sam2", "frames", networks.sam2, _prompts, plain.sam2),
        packages=(*TORCH, "sam2"),
        blocks=("MultiScaleBlock",),
        whole_clip=True,
        half=True,
    ),
    Subject(
        *("OneFormer", "segmenter/oneformer", "frames", networks.oneformer, _with_words, plain.oneformer),
        packages=HF,
        blocks=("SwinLayer", "OneFormerPixelDecoderEncoderLayer", "OneFormerTransformerDecoderLayer"),
    ),
    Subject(
        *("GroundingDino", "detector/grounding_dino", "frames"),
        *(networks.grounding_dino, _with_words, plain.grounding_dino),
        packages=HF,
        blocks=("SwinLayer", "GroundingDinoEncoderLayer", "GroundingDinoDecoderLayer"),
    ),
    Subject(
        *("DepthAnything", "depth/depth_anything", "frames", networks.depth_anything, _alone, plain.depth),
        packages=HF,
        blocks=("Dinov2Layer", "DepthAnythingFeatureFusionLayer"),
    ),
    Subject(
        *("DepthPro", "depth/depth_pro", "frames", networks.depth_pro, _alone, plain.depth),
        packages=HF,
        blocks=("Dinov2Layer", "DepthProFeatureFusionLayer"),
    ),
    Subject(
        *("Tapir", "follower/tapir", "point-frames", networks.tapir, _queries, plain.tapir),
        packages=("torch", "tapnet", "tree", "einshape"),
        blocks=("ResNet", "ExtraConvs", "PIPSMLPMixer"),
        whole_clip=True,
    ),
    Subject(
        *("CoTracker", "follower/cotracker", "point-frames", networks.cotracker, _queries, plain.cotracker),
        packages=("torch", "cotracker"),
        blocks=("BasicEncoder", "EfficientUpdateFormer"),
        whole_clip=True,
    ),
    Subject(
        *("MoGe", "depth/moge", "frames", networks.moge, _alone, plain.moge),
        packages=("torch", "moge"),
        blocks=("Block", "NestedTensorBlock", "ResidualConvBlock"),
        half=True,
    ),
)
