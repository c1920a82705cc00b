"""Objects followed through a clip window by window, so that memory does not grow with the clip."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from factory.models.roles import Prompt

Step = tuple[int, list[int], np.ndarray]
Run = Callable[[np.ndarray, Sequence[Prompt], bool], Iterator[Step]]


def followed(frames: np.ndarray, prompts: Sequence[Prompt], window: int, run: Run) -> np.ndarray:
    """bool (O, F, H, W): each object from its first prompt to the end, and from there back to the beginning.

    run: follows prompts through some frames, forwards or in reverse (frames are numbered from 0, the last is where it
    begins), and tells of each frame its number, objects, and bool (O, H, W). Two windows share a frame, whose masks are
    the second one's prompts; an object that is not seen there is given up, but for prompts of its own.
    """
    ids = sorted({prompt.object_id for prompt in prompts})
    place = {object_id: number for number, object_id in enumerate(ids)}
    first = {each: min(prompt.frame for prompt in prompts if prompt.object_id == each) for each in ids}
    found = np.zeros((len(ids), *frames.shape[:3]), bool)

    def follow(begin: int, end: int, reverse: bool) -> None:
        edge = end - 1 if reverse else begin
        some = [prompt for prompt in prompts if begin <= prompt.frame < end]
        if reverse:  # only before an object's first prompt
            some = [prompt for prompt in some if prompt.frame == first[prompt.object_id] > begin]
        for object_id in ids:
            there = first[object_id] > edge if reverse else first[object_id] < edge
            mask = found[place[object_id], edge]
            if there and mask.any() and not any((p.object_id, p.frame) == (object_id, edge) for p in some):
                some.append(Prompt(object_id, edge, mask=mask.copy()))
        if not some:
            return
        here = [replace(prompt, frame=prompt.frame - begin) for prompt in some]
        for number, seen, masks in run(frames[begin:end], here, reverse):
            for object_id, mask in zip(seen, masks, strict=True):
                before = begin + number < first[object_id]
                if before == reverse:
                    found[place[object_id], begin + number] = mask

    count, step = len(frames), max(window - 1, 1)
    for begin in range(min(*first.values(), max(count - 2, 0)), max(count - 1, 1), step):
        follow(begin, min(begin + step + 1, count), False)
    for end in range(max(first.values()) + 1, 1, -step):
        follow(max(end - step - 1, 0), end, True)
    return found
