"""The adapters whose speed is measured, loaded, with random weights: speed does not hang on weights. In full they have
their published sizes, else those of `tests.models.tiny`."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from factory.models.cotracker import CoTracker
from factory.models.depth_anything import DepthAnything
from factory.models.depth_pro import DepthProDepth
from factory.models.foreign import foreign
from factory.models.grounding_dino import GroundingDino
from factory.models.moge import MoGeDepth
from factory.models.oneformer import TOKENS, OneFormer
from factory.models.raft import RaftFlow
from factory.models.sam2 import Sam2
from factory.models.tapir import Tapir
from factory.models.weights import NONE, WeightStore

WORDS = ("person", "dog", "tree")


@dataclass(frozen=True)
class Place:
    """Where networks are measured. full: in their published sizes. folder: for small checkpoints and frames."""

    device: str
    full: bool
    code_at: str | None
    folder: Path

    @property
    def on_card(self) -> bool:
        return self.device != "cpu"


def module_of(network: Any) -> Any:
    """The torch module behind an adapter."""
    return network._network if hasattr(network, "_network") else network._loaded[0]


def raft(size: Literal["large", "small"], place: Place) -> Any:
    return RaftFlow(size=size, weights=NONE, updates=12 if place.full else 2, device=place.device)


def sam2(place: Place) -> Any:
    if place.full:
        return Sam2(weights=NONE, device=place.device)
    return Sam2(size="tiny", weights=NONE, side_px=128, device=place.device)


def tapir(place: Place) -> Any:
    return Tapir(weights=NONE, side_px=512 if place.full else 64, code_at=place.code_at, device=place.device)


def cotracker(place: Place) -> Any:
    network: Any = CoTracker(weights=NONE, code_at=place.code_at, device=place.device)
    network.load()
    if not place.full:
        network._network.interp_shape = (96, 128)
    return network


def oneformer(place: Place) -> Any:
    """As trained on COCO: Swin-L."""
    if not place.full:
        return _tiny(OneFormer, "oneformer", place)
    import torch
    import transformers as hf

    swin = {"embed_dim": 192, "depths": [2, 2, 18, 2], "num_heads": [6, 12, 24, 48], "window_size": 12}
    backbone = hf.SwinConfig(image_size=384, out_features=["stage1", "stage2", "stage3", "stage4"], **swin)
    names = dict(enumerate([*WORDS, *(f"class {n}" for n in range(len(WORDS), 133))]))
    config = hf.OneFormerConfig(backbone_config=backbone, id2label=names, is_training=False)
    network: Any = OneFormer(device=place.device)
    network._task = torch.zeros((1, TOKENS), dtype=torch.int64, device=place.device)
    return _random(network, "OneFormerForUniversalSegmentation", config, hf.MaskFormerImageProcessor(), None)


def grounding_dino(place: Place) -> Any:
    """Its tiny one (Swin-T), whose sizes are the defaults of the package."""
    if not place.full:
        return _tiny(GroundingDino, "grounding_dino", place)
    import transformers as hf

    vocabulary = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", *WORDS)
    tokenizer = hf.BertTokenizerFast(vocab={word: number for number, word in enumerate(vocabulary)})
    parts = (hf.GroundingDinoConfig(), hf.GroundingDinoImageProcessor(), tokenizer)
    return _random(GroundingDino(device=place.device), "GroundingDinoForObjectDetection", *parts)


def depth_anything(place: Place) -> Any:
    """Its small one (ViT-S), whose sizes are the defaults of the package."""
    if not place.full:
        return _tiny(DepthAnything, "depth_anything", place)
    import transformers as hf

    side = {"height": 518, "width": 518}
    processor = hf.DPTImageProcessor(size=side, ensure_multiple_of=14, keep_aspect_ratio=True, resample=3)
    network = DepthAnything(device=place.device)
    return _random(network, "DepthAnythingForDepthEstimation", hf.DepthAnythingConfig(), processor)


def depth_pro(place: Place) -> Any:
    """Three of ViT-L: 952 million weights, as published."""
    if not place.full:
        return _tiny(DepthProDepth, "depth_pro", place)
    import transformers as hf

    large = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "patch_size": 16}
    parts = ("image_model_config", "patch_model_config", "fov_model_config")
    encoders = {part: hf.Dinov2Config(image_size=384, **large) for part in parts}
    config = hf.DepthProConfig(use_fov_model=True, **encoders)
    return _random(
        DepthProDepth(device=place.device), "DepthProForDepthEstimation", config, hf.DepthProImageProcessor()
    )


def moge(place: Place) -> Any:
    """ViT-S with the heads that its authors' training has for ViT-L: 37 million weights; the published one has 35."""
    if not place.full:
        return _tiny(MoGeDepth, "moge", place)
    import torch

    wide, levels = 384, [384, 256, 128, 64, 32]
    stack: dict[str, Any] = {"dim_res_blocks": levels, "res_block_in_norm": "none", "res_block_hidden_norm": "none"}
    stack["resamplers"] = [*["conv_transpose"] * 3, "bilinear"]
    heads = {
        f"{name}_head": {**stack, "dim_in": levels, "dim_out": [*[None] * 4, width], "num_res_blocks": [0, 1, 1, 1, 0]}
        for name, width in (("points", 3), ("normal", 3), ("mask", 1))
    }
    theirs = foreign(MoGeDepth.code, MoGeDepth.code_from, place.code_at)
    network: Any = MoGeDepth(device=place.device)
    made = theirs.MoGeModel(
        encoder={"backbone": "dinov2_vits14", "intermediate_layers": [2, 5, 8, 11], "dim_out": wide},
        neck={**stack, "dim_in": [wide + 2, 2, 2, 2, 2], "dim_out": None, "num_res_blocks": [0, 2, 2, 2, 0]},
        scale_head={"dims": [wide, wide, wide, 1]},
        remap_output="exp",
        num_tokens_range=[1200, 3600],
        **heads,
    )
    torch.nn.init.constant_(made.mask_head.output_blocks[-1].bias, 10.0)  # surfaces all over: they take time
    network._network = made.eval().to(place.device)
    return network


def _tiny(kind: Callable[..., Any], name: str, place: Place) -> Any:
    tiny = importlib.import_module("tests.models.tiny")  # by name: it imports what mypy does not find
    importlib.import_module("transformers").utils.logging.disable_progress_bar()
    weights = getattr(tiny, name)(place.folder)
    return kind(weights=weights, store=WeightStore(str(place.folder)), device=place.device)


def _random(network: Any, model: str, config: Any, *others: Any) -> Any:
    """The adapter with a random model of `transformers`, made where it runs: a billion weights take long on a CPU."""
    import torch
    import transformers as hf

    torch.manual_seed(0)
    with torch.device(network.device):
        made = getattr(hf, model)(config)
    network._loaded = [made.eval().to(network.device), *others]
    return network
