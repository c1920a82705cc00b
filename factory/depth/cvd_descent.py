"""Gradient descent on disparities, until frames of known poses agree with each other: the objective, and its steps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from factory.construct import NotNegative
from factory.depth import cvd_losses as terms
from factory.errors import ConfigError
from factory.extras import install_command

if TYPE_CHECKING:
    from torch import Tensor

TRUST = (1e-4, 1e3)  # its bounds; released code


@dataclass(frozen=True)
class Weights:
    """Of the terms, see `cvd_losses`."""

    ratio: NotNegative = 1.0
    flow: NotNegative = 0.2
    scale_invariant: NotNegative = 1.0
    gradient: NotNegative = 2.0
    normal: NotNegative = 5.0  # Dynapo's scripts; MegaSaM has 4 in the function and 6 in its script


class Objective:
    """What is to be least, as a function of disparities and trust; its gradients are left at both. prior, rays: of
    (E, h, w) pixels, see `cvd_losses`."""

    def __init__(
        self, prior: "Tensor", ways: "Tensor", pairs: terms.Pairs, beta: float, weights: Weights, at_once: int
    ) -> None:
        self.prior, self.rays, self.pairs, self.beta = prior, ways, pairs, beta
        self.weights, self.at_once = weights, at_once
        self.flat, self.normals = terms.flatness(prior), terms.normals(prior, ways)
        self.count = pairs.counted.sum().clamp(min=1.0)

    def __call__(self, disparity: "Tensor", trust: "Tensor") -> float:
        """disparity, trust: leaves, (E, h, w)."""
        w = self.weights
        loss = w.scale_invariant * terms.scale_invariant(self.prior, disparity)
        loss = loss + w.gradient * terms.gradient(self.prior, disparity)
        loss = loss + w.normal * terms.normal(self.normals, terms.normals(disparity, self.rays), self.flat)
        loss.backward()
        total = float(loss.detach())
        for at in range(0, len(self.pairs.one), self.at_once):
            some = self.pairs[at : at + self.at_once]
            ratio, flow = terms.pair_terms(disparity, trust, self.rays, some, self.beta)
            part = (w.ratio * ratio + w.flow * flow) / self.count
            part.backward()
            total += float(part.detach())
        return total


def descend(
    values: "Sequence[Tensor]",
    trust: "Tensor",
    disparity: "Callable[[], Tensor]",
    objective: Objective,
    steps: int,
    rate: float,
) -> None:
    """Steps of Adam on values and trust, in place. disparity: (E, h, w), as a function of the values."""
    torch = imported_torch()
    adam = torch.optim.Adam([*values, trust], lr=rate)
    for _ in range(steps):
        adam.zero_grad()
        made = disparity(), trust.clamp(*TRUST)
        leaves = [each.detach().requires_grad_() for each in made]  # what lies behind them is gone through once
        objective(*leaves)
        torch.autograd.backward(made, [leaf.grad for leaf in leaves])
        for each in (*values, trust):
            each.grad = None if each.grad is None else torch.nan_to_num(each.grad, 0.0, 0.0, 0.0)
        adam.step()


def imported_torch() -> Any:
    """Raises ConfigError where it is not installed."""
    try:
        import torch
    except ImportError as error:
        raise ConfigError(f"consistent video depth needs torch: {install_command('models')}.") from error
    return torch
