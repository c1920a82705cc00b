"""An output's clips through Ray Data: many workers decode, on a cluster or on this machine."""

from typing import TYPE_CHECKING, Any

from factory.data.windows import ClipDataset

if TYPE_CHECKING:
    import ray.data


def ray_dataset(windows: ClipDataset) -> "ray.data.Dataset":
    """A Ray Data set with a row for each window, as `ClipDataset` gives them; it is decoded when it is consumed, and
    `.random_shuffle()` before that mixes numbers, not pictures.

    Ray is started if it is not.
    """
    import ray.data

    def load(row: dict[str, Any]) -> dict[str, Any]:
        return windows[int(row["id"])]

    return ray.data.range(len(windows)).map(load)
