"""Small random language models that see, as checkpoints in a folder: the two families of `conf/weights.yaml`."""

from pathlib import Path
from typing import Any

from tests.models.tiny import kept

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>")
PADS = ("<|image_pad|>", "<|video_pad|>")
MERGES = [*(("y", "e"), ("ye", "s"), ("Y", "e"), ("Ye", "s"), ("Ġ", "yes")), *(("n", "o"), ("N", "o"), ("Ġ", "no"))]
# As Qwen's, without tools and videos.
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{% for part in message.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXT: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "max_position_embeddings": 4096,
}
ROPE = {"rope_type": "default", "mrope_section": [4, 2, 2], "rope_theta": 10000.0}


def tokenizer() -> Any:
    """Bytes, some of which make words: yes and no, with a capital or behind a space."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2Tokenizer

    letters = sorted(ByteLevel.alphabet())
    vocabulary = {text: number for number, text in enumerate([*letters, *("".join(pair) for pair in MERGES)])}
    made = Qwen2Tokenizer(vocab=vocabulary, merges=MERGES, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    made.add_special_tokens({"additional_special_tokens": [*SPECIAL, *PADS]})
    return made


def _set(folder: Path, name: str, kinds: tuple[Any, Any, Any], patch_size: int, **vision: Any) -> str:
    """kinds: of the configuration, the network and the processor."""
    import torch
    from transformers import Qwen2VLImageProcessor, Qwen2VLVideoProcessor

    words = tokenizer()
    number = words.convert_tokens_to_ids
    config = kinds[0](
        text_config={**TEXT, "vocab_size": len(words), "rope_parameters": ROPE},
        vision_config={"depth": 2, "num_heads": 2, "patch_size": patch_size, "intermediate_size": 32, **vision},
        image_token_id=number("<|image_pad|>"),
        video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"),
        vision_end_token_id=number("<|vision_end|>"),
        tie_word_embeddings=name.endswith("3"),
    )
    torch.manual_seed(0)
    network = kinds[1](config)
    with torch.no_grad():  # so that what is seen is heard, and every word is possible
        for part in network.parameters():
            part.mul_(3.0)
    network.generation_config.eos_token_id = number("<|im_end|>")
    network.generation_config.repetition_penalty = 1.3  # as published ones have, which a telling must not heed
    sizes = {"shortest_edge": 4 * patch_size * patch_size, "longest_edge": 64 * patch_size * patch_size}
    prepared = {"patch_size": patch_size, "size": sizes, "min_pixels": sizes["shortest_edge"]}
    prepared |= {"max_pixels": sizes["longest_edge"]}
    processor = kinds[2](
        Qwen2VLImageProcessor(**prepared), words, Qwen2VLVideoProcessor(**prepared), chat_template=TEMPLATE
    )
    return kept(folder, name, network, processor)


def qwen2_5(folder: Path) -> str:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor

    kinds = (Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor)
    vision = {"hidden_size": 32, "out_hidden_size": 32, "window_size": 56, "fullatt_block_indexes": [1]}
    return _set(folder, "tiny_qwen2.5", kinds, 14, **vision)


def qwen3(folder: Path) -> str:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration, Qwen3VLProcessor

    kinds = (Qwen3VLConfig, Qwen3VLForConditionalGeneration, Qwen3VLProcessor)
    vision = {"hidden_size": 32, "out_hidden_size": 32, "deepstack_visual_indexes": [0], "num_position_embeddings": 64}
    return _set(folder, "tiny_qwen3", kinds, 16, **vision)
