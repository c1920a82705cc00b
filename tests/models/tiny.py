"""Small random networks as checkpoints in a folder, each loaded as true ones are: `tiny.depth_anything(folder)` makes
the set `tiny_depth_anything` of a place of one's own."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from factory.models.weights import SUMS

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "a", "person", "dog", "tree")
SWIN: dict[str, Any] = {"embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2], "window_size": 4}
CLASSES = ("person, individual", "dog", "tree", "wall", "road, route")


def depth_anything(folder: Path, kind: str = "relative") -> str:
    import torch
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config, DPTImageProcessor

    backbone = Dinov2Config(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=56,
        patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=16,
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        head_hidden_size=4,
        depth_estimation_type=kind,
        max_depth=20 if kind == "metric" else 1,
    )
    torch.manual_seed(0)
    processor = DPTImageProcessor(size={"height": 56, "width": 56}, ensure_multiple_of=14, keep_aspect_ratio=True)
    return kept(folder, f"tiny_depth_anything_{kind}", DepthAnythingForDepthEstimation(config), processor)


def depth_pro(folder: Path) -> str:
    import torch
    from transformers import DepthProConfig, DepthProForDepthEstimation, DepthProImageProcessor, Dinov2Config

    def encoder() -> Any:
        return Dinov2Config(hidden_size=16, num_hidden_layers=4, num_attention_heads=2, image_size=32, patch_size=8)

    config = DepthProConfig(
        image_model_config=encoder(),
        patch_model_config=encoder(),
        fov_model_config=encoder(),
        patch_size=32,
        fusion_hidden_size=8,
        intermediate_hook_ids=[2, 1],
        intermediate_feature_dims=[8, 8],
        scaled_images_ratios=[0.5, 1.0],
        scaled_images_overlap_ratios=[0.0, 0.2],
        scaled_images_feature_dims=[8, 8],
        use_fov_model=True,
        num_fov_head_layers=1,
    )
    torch.manual_seed(0)
    processor = DepthProImageProcessor(size={"height": 64, "width": 64})
    network = DepthProForDepthEstimation(config)
    last = [part for part in network.fov_model.modules() if isinstance(part, torch.nn.Conv2d)][-1]
    torch.nn.init.constant_(last.bias, 50.0)  # degrees: random ones would be below 0
    return kept(folder, "tiny_depth_pro", network, processor)


def oneformer(folder: Path) -> str:
    import torch
    from transformers import (
        CLIPTokenizer,
        MaskFormerImageProcessor,
        OneFormerConfig,
        OneFormerForUniversalSegmentation,
        SwinConfig,
    )

    backbone = SwinConfig(**SWIN, out_features=["stage1", "stage2", "stage3", "stage4"])
    config = OneFormerConfig(
        backbone_config=backbone,
        id2label=dict(enumerate(CLASSES)),
        label2id={name: number for number, name in enumerate(CLASSES)},
        num_queries=8,
        conv_dim=32,
        mask_dim=32,
        hidden_dim=32,
        encoder_feedforward_dim=32,
        dim_feedforward=32,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=2,
        text_encoder_context_length=77,
        text_encoder_width=16,
        text_encoder_num_layers=1,
        text_encoder_vocab_size=600,
        use_task_norm=True,
        is_training=False,
        query_dec_layers=1,
        task_seq_len=77,
    )
    letters = [chr(c) for c in range(33, 127)]
    vocabulary = {word: n for n, word in enumerate([*letters, *(f"{c}</w>" for c in letters)])}
    vocabulary |= {"<|startoftext|>": len(vocabulary), "<|endoftext|>": len(vocabulary) + 1}
    torch.manual_seed(0)
    processor = MaskFormerImageProcessor(size={"shortest_edge": 64, "longest_edge": 256}, size_divisor=32)
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=[])
    return kept(folder, "tiny_oneformer", OneFormerForUniversalSegmentation(config), processor, tokenizer)


def grounding_dino(folder: Path) -> str:
    import torch
    from transformers import (
        BertConfig,
        BertTokenizerFast,
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        GroundingDinoImageProcessor,
        SwinConfig,
    )

    text = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    backbone = SwinConfig(**SWIN, out_features=["stage2", "stage3", "stage4"])
    config = GroundingDinoConfig(
        backbone_config=backbone,
        text_config=text,
        num_queries=12,
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
    )
    torch.manual_seed(0)
    processor = GroundingDinoImageProcessor(size={"shortest_edge": 64, "longest_edge": 128})
    tokenizer = BertTokenizerFast(vocab={word: number for number, word in enumerate(WORDS)})
    return kept(folder, "tiny_grounding_dino", GroundingDinoForObjectDetection(config), processor, tokenizer)


SETS: dict[str, Callable[[Path], str]] = {
    "depth_anything": depth_anything,
    "depth_pro": depth_pro,
    "oneformer": oneformer,
    "grounding_dino": grounding_dino,
}


def kept(folder: Path, name: str, *parts: Any) -> str:
    place = folder / name
    for part in parts:
        part.save_pretrained(place)
    return sealed(place)


def sealed(place: Path) -> str:
    """Writes what the files of a set hold; its name."""
    files = sorted(path for path in place.rglob("*") if path.is_file() and path.name != SUMS)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(place)}\n" for path in files]
    (place / SUMS).write_text("".join(lines))
    return place.name


def moge(folder: Path) -> str:
    import torch
    from moge.model.v2 import MoGeModel

    levels = [32] * 5
    config = {
        "encoder": {"backbone": "dinov2_vits14", "intermediate_layers": 1, "dim_out": 16},
        "neck": {
            "dim_in": [18, 2, 2, 2, 2],
            "dim_res_blocks": levels,
            "dim_out": levels,
            "resamplers": ["bilinear"] * 4,
        },
        "points_head": {
            "dim_in": levels,
            "dim_res_blocks": levels,
            "dim_out": [None, None, None, None, 3],
            "resamplers": ["bilinear"] * 4,
        },
        "scale_head": {"dims": [384, 8, 1]},
        "remap_output": "exp",
        "num_tokens_range": [20, 40],
    }
    torch.manual_seed(8)  # with which its random geometry has a focal length above 0
    place = folder / "tiny_moge"
    place.mkdir(exist_ok=True)
    torch.save({"model_config": config, "model": MoGeModel(**config).state_dict()}, place / "model.pt")
    return sealed(place)
