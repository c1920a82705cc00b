"""The order in which poses, depths and the focal length are moved: windows along the clip, then all of it."""

from dataclasses import dataclass
from typing import Any

from factory.construct import Count, NotNegative, Positive
from factory.errors import ConfigError
from factory.extras import install_command
from factory.refine.losses import Samples, State, reprojection, rotations, smoothness


@dataclass
class Steps:
    """Windows of frames, each `window - overlap` further on, move the frames that are new to them; after every second
    one, all frames so far are moved together, in the end all. Numbers: Dynapo's released configuration."""

    window: Count = 8  # frames
    overlap: Count = 6
    window_steps: Count = 400
    every: Count = 2  # windows between two rounds over all frames so far
    so_far_steps: Count = 100
    last_steps: Count = 5000
    rate: Positive = 1e-4  # of Adam; 1e-5 for some of the trajectories that are refined there
    most_gradient: Positive = 0.1  # to which its norm is cut
    smooth: NotNegative = 200.0  # of the smoothness term, in rounds over all frames only

    def __post_init__(self) -> None:
        if self.overlap >= self.window:
            raise ValueError("the overlap is to be less than the window")


def adjusted(state: State, samples: Samples, aspect: float, slots: int, how: Steps) -> State:
    """The state after all steps. slots: samples that a mean is over, those without weight too. aspect: width by height.
    Frames that no window has reached follow the last one that was, as they did before."""
    torch = imported_torch()
    frames = len(state.translation)
    anchors = torch.zeros(len(state.inverse), dtype=torch.long, device=state.inverse.device)
    anchors[samples.track] = samples.anchor
    relative = _relative(state)
    until, windows = 1, 0
    while until < frames:
        begin = max(until - how.overlap, 0)
        end = min(begin + how.window, frames)
        inside = (samples.frame >= begin) & (samples.frame < end)
        free = (anchors >= until) & (anchors < end), _between(frames, until, end, anchors)
        state = _moved(state, samples[inside], aspect, slots, free, how.window_steps, 0.0, how)
        until, windows = end, windows + 1
        state = _followed(state, relative, until)
        if windows % how.every == 0 and until < frames:
            free = anchors < until, _between(frames, 0, until, anchors)
            some = samples[samples.frame < until]
            state = _moved(state, some, aspect, slots, free, how.so_far_steps, how.smooth, how)
            state = _followed(state, relative, until)
    free = torch.ones_like(anchors, dtype=torch.bool), _between(frames, 0, frames, anchors)
    return _moved(state, samples, aspect, slots, free, how.last_steps, how.smooth, how)


def _moved(
    state: State,
    samples: Samples,
    aspect: float,
    slots: int,
    free: tuple[Any, Any],
    steps: int,
    smooth: float,
    how: Steps,
) -> State:
    """free: which tracks' depths and which frames' poses may move, bool."""
    torch = imported_torch()
    leaves = [each.detach().clone().requires_grad_() for each in state.all()]
    made = State(*leaves)
    held = [~free[0], ~free[1], ~free[1]]
    adam = torch.optim.Adam(leaves, lr=how.rate)
    for _ in range(steps):
        adam.zero_grad()
        loss = reprojection(made, samples, aspect, slots)
        if smooth:
            loss = loss + smooth * smoothness(made.translation[free[1]])
        loss.backward()
        for leaf in leaves:
            leaf.grad = torch.zeros_like(leaf) if leaf.grad is None else torch.nan_to_num(leaf.grad, 0.0, 0.0, 0.0)
        for leaf, fixed in zip(leaves, held, strict=False):
            leaf.grad[fixed] = 0.0
        torch.nn.utils.clip_grad_norm_(leaves, how.most_gradient)
        adam.step()
    return State(*(leaf.detach() for leaf in leaves))


def _between(frames: int, begin: int, end: int, like: Any) -> Any:
    number = imported_torch().arange(frames, device=like.device)
    return (number >= begin) & (number < end)


def _relative(state: State) -> tuple[Any, Any]:
    """Turns (F - 1, 4), quaternions, and ways (F - 1, 3) from each frame to the next, in the earlier one's axes."""
    turn = rotations(state.quaternion)
    way = imported_torch().einsum("nji,nj->ni", turn[:-1], state.translation[1:] - state.translation[:-1])
    return _product(_inverse(state.quaternion[:-1]), state.quaternion[1:]), way


def _followed(state: State, relative: tuple[Any, Any], until: int) -> State:
    """The state whose frames from `until` on go on from the frame before as they did."""
    quaternion, translation = state.quaternion.clone(), state.translation.clone()
    for frame in range(until, len(translation)):
        turn = rotations(quaternion[frame - 1 : frame])[0]
        translation[frame] = translation[frame - 1] + turn @ relative[1][frame - 1]
        quaternion[frame] = _product(quaternion[frame - 1], relative[0][frame - 1])
    return State(state.inverse, quaternion, translation, state.half_log_focal)


def _inverse(quaternion: Any) -> Any:
    square = (quaternion * quaternion).sum(-1, keepdim=True)
    return quaternion * quaternion.new_tensor([1.0, -1.0, -1.0, -1.0]) / square


def _product(one: Any, other: Any) -> Any:
    """Of quaternions (..., 4), w first: the turn `other`, then `one`."""
    a, b, c, d = one.unbind(-1)
    e, f, g, h = other.unbind(-1)
    rows = [a * e - b * f - c * g - d * h, a * f + b * e + c * h - d * g]
    rows += [a * g - b * h + c * e + d * f, a * h + b * g - c * f + d * e]
    return imported_torch().stack(rows, dim=-1)


def imported_torch() -> Any:
    """Raises ConfigError where it is not installed."""
    try:
        import torch
    except ImportError as error:
        raise ConfigError(f"refining poses needs torch: {install_command('models')}.") from error
    return torch
