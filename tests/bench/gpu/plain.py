"""Each library's plain loop: what it takes to ask the network about one item, as its own example does it, up to an
answer in main memory. What an adapter is given comes after it."""

from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from factory.models.raft import LEAST_SIDE_PX
from tests.bench.gpu.networks import Place, module_of


def raft(place: Place, network: Any, frames: np.ndarray, pairs: np.ndarray) -> object:
    import torch
    from torchvision.models.optical_flow import Raft_Large_Weights

    ready = Raft_Large_Weights.DEFAULT.transforms()
    height, width = (max(LEAST_SIDE_PX, side + -side % 8) for side in frames.shape[1:3])
    found = []
    for one, other in pairs:
        seen = [torch.from_numpy(cv2.resize(frames[number], (width, height))) for number in (one, other)]
        sides = ready(*(picture.permute(2, 0, 1)[None].to(place.device) for picture in seen))
        with torch.inference_mode():
            flows = module_of(network)(*sides, num_flow_updates=network.updates)
        found.append(flows[-1][0].permute(1, 2, 0).cpu().numpy())
    return found


def oneformer(place: Place, network: Any, frames: np.ndarray, _: Any) -> object:
    import torch

    model, processor = network._loaded[:2]
    found = []
    for frame in frames:
        given = processor(images=frame, return_tensors="pt").to(place.device)
        with torch.inference_mode():
            told = model(pixel_values=given["pixel_values"], pixel_mask=given["pixel_mask"], task_inputs=network._task)
            labels = processor.post_process_semantic_segmentation(told, [frame.shape[:2]])
        found.append(labels[0].cpu().numpy())
    return found


def grounding_dino(place: Place, network: Any, frames: np.ndarray, words: Any) -> object:
    import torch
    from transformers import GroundingDinoProcessor

    model, images, tokenizer = network._loaded
    processor = GroundingDinoProcessor(images, tokenizer)
    found = []
    for frame in frames:
        given = processor(images=frame, text=". ".join(words) + ".", return_tensors="pt").to(place.device)
        with torch.inference_mode():
            told = model(**given)
        sizes = {"threshold": network.least_score, "target_sizes": [frame.shape[:2]]}
        boxes = processor.post_process_grounded_object_detection(told, given["input_ids"], **sizes)[0]
        found.append((boxes["boxes"].cpu().numpy(), boxes["scores"].cpu().numpy()))
    return found


def depth(place: Place, network: Any, frames: np.ndarray) -> object:
    """Of Depth Anything and Depth Pro."""
    import torch

    model, processor = network._loaded
    found = []
    for frame in frames:
        given = processor(images=frame, return_tensors="pt").to(place.device)
        with torch.inference_mode():
            told = processor.post_process_depth_estimation(model(**given), target_sizes=[frame.shape[:2]])
        found.append(told[0]["predicted_depth"].cpu().numpy())
    return found


def moge(place: Place, network: Any, frames: np.ndarray) -> object:
    import torch

    found = []
    for frame in frames:
        image = torch.tensor(frame / 255, dtype=torch.float32, device=place.device).permute(2, 0, 1)
        found.append(module_of(network).infer(image, use_fp16=place.on_card)["depth"].cpu().numpy())
    return found


def sam2(place: Place, network: Any, frames: np.ndarray, prompts: Any) -> object:
    """From frames as files, as the package has it."""
    import torch
    from sam2 import sam2_video_predictor as theirs
    from sam2.utils import misc

    theirs.load_video_frames = misc.load_video_frames  # the adapter has another in its place
    theirs.tqdm = misc.tqdm = partial(getattr(misc.tqdm, "func", misc.tqdm), disable=True)
    model, masks = module_of(network), []
    with torch.inference_mode(), torch.autocast(place.device, torch.bfloat16):
        state = model.init_state(str(_files(place.folder, frames)))
        for prompt in prompts:
            model.add_new_points_or_box(state, prompt.frame, prompt.object_id, box=prompt.box)
        for _, _, scores in model.propagate_in_video(state):
            masks.append((scores > 0).cpu().numpy())
    return masks


def _files(folder: Path, frames: np.ndarray) -> Path:
    """Written once: not timed, as the warm-up comes first."""
    place = folder / f"frames-{len(frames)}"
    if not place.is_dir():
        place.mkdir()
        for number, frame in enumerate(frames):
            cv2.imwrite(str(place / f"{number:05d}.jpg"), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    return place


def tapir(place: Place, network: Any, frames: np.ndarray, queries: np.ndarray) -> object:
    import torch

    side = (network.side_px, network.side_px)
    video = np.stack([cv2.resize(frame, side, interpolation=cv2.INTER_AREA) for frame in frames])
    scale = np.array([1.0, *np.divide(side, frames.shape[1:3])])
    with torch.inference_mode():
        given = torch.from_numpy(video).to(place.device).float()[None] / 255 * 2 - 1
        points = torch.from_numpy((queries[:, [0, 2, 1]] * scale).astype(np.float32)).to(place.device)[None]
        told = module_of(network)(given, points, query_chunk_size=network.points_at_once)
        seen = (1 - told["occlusion"].sigmoid()) * (1 - told["expected_dist"].sigmoid()) > 0.5
    return told["tracks"].cpu().numpy(), seen.cpu().numpy()


def cotracker(place: Place, network: Any, frames: np.ndarray, queries: np.ndarray) -> object:
    import torch

    video = torch.from_numpy(frames).permute(0, 3, 1, 2)[None].float().to(place.device)
    xy, seen = module_of(network)(
        video, queries=torch.from_numpy(queries)[None].to(place.device), backward_tracking=True
    )
    return xy.cpu().numpy(), seen.cpu().numpy()
