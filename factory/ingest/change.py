"""How much one frame differs from the next, measured on thumbnails: the same in colour, grey and low contrast."""

from dataclasses import dataclass

import cv2
import numpy as np

SIDE_PX = 64  # of a thumbnail: small motion hardly shows at this size, another picture does
BLUR_PX = 4.0  # what is wider than this is light rather than structure; a guess, of the thumbnail's pixels
FLOOR = 2.0  # of 255: structure weaker than noise and compression leave in a flat thumbnail
LEAST_SHARE, MIXTURE_REST = 0.15, 0.05  # of a mixture: each picture's part, and what neither explains; guesses
COLOUR_SCALE = 54.0  # of 255: half of it, PySceneDetect's default for a cut, counts as half of another picture
LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)  # BT.601


@dataclass(frozen=True)
class Thumbnail:
    """A frame made small. `colour`: float32 (h, w, 3), RGB of 255. `structures`: two float32 (h, w), of `thumbnail`,
    and `energies`, their mean squares. `brightness`: mean of 255."""

    colour: np.ndarray
    structures: tuple[np.ndarray, np.ndarray]
    energies: tuple[float, float]
    brightness: float

    @property
    def blank(self) -> bool:
        """Whether the picture shows nothing: black, white, or any one colour."""
        return self.energies[0] < FLOOR**2


def thumbnail(image: np.ndarray) -> Thumbnail:
    """Of a frame uint8 (H, W, 3) RGB, which may come small.

    Structure is the brightness less its blurred self, once as it is and once without the means of rows and columns:
    black bars, horizons and frames around the picture are the same in unrelated shots, and only the second forgets
    them, but it also forgets level and upright stripes.
    """
    height, width = image.shape[:2]
    scale = SIDE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = image if image.shape[1::-1] == size else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    colour = small.astype(np.float32)
    light = cv2.transform(colour, LUMA)
    columns, rows = cv2.reduce(light, 0, cv2.REDUCE_AVG), cv2.reduce(light, 1, cv2.REDUCE_AVG)
    mean = cv2.mean(rows)[0]
    both = cv2.merge([light, light - columns - rows + mean])
    plain, bare = cv2.split(both - cv2.GaussianBlur(both, (0, 0), BLUR_PX))
    return Thumbnail(colour, (plain, bare), (_mean_square(plain), _mean_square(bare)), sum(cv2.mean(colour)[:3]) / 3)


def change(before: Thumbnail, after: Thumbnail) -> float:
    """0: the same picture; about 1: an unrelated one (0.8 to 1.2 among 600 pairs of real clips, at any contrast).

    To and from a blank picture only colour tells: what fades loses its structure, it does not change it. Pictures of
    different sizes are unrelated.
    """
    if before.colour.shape != after.colour.shape:
        return 1.0
    colour = min(1.0, cv2.norm(before.colour, after.colour, cv2.NORM_L1) / before.colour.size / COLOUR_SCALE)
    if before.blank or after.blank:
        return colour
    # The mean square of the difference over the sum of the mean squares: 1 - correlation where contrasts are equal.
    structure = [
        _mean_square(b - a) / (energy_a + energy_b + FLOOR**2)
        for a, b, energy_a, energy_b in zip(
            before.structures, after.structures, before.energies, after.energies, strict=True
        )
    ]
    return max(colour, *structure)


def is_mixture(before: Thumbnail, middle: Thumbnail, after: Thumbnail) -> bool:
    """Whether the middle picture is the sum of shares of the two others, as converted frame rates leave it at cuts."""
    if not before.colour.shape == middle.colour.shape == after.colour.shape:
        return False
    whole, part = after.structures[0] - before.structures[0], middle.structures[0] - before.structures[0]
    energy = float((whole**2).mean())
    share = float((whole * part).mean()) / (energy + FLOOR**2)
    rest = float(((part - share * whole) ** 2).mean())
    return LEAST_SHARE < share < 1 - LEAST_SHARE and rest < MIXTURE_REST * energy


def _mean_square(values: np.ndarray) -> float:
    flat = values.ravel()
    return float(flat @ flat) / flat.size
