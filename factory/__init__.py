"""factory: internet video in, training data with geometry out.

import factory

output = factory.run("videos", "out", pipeline="pose")      # or: factory.open("out")
output.sql("SELECT source, quality, focal_px FROM pose").df()
for clip in output.clips("quality = 'gold'"):
    clip.frames(), clip.world_from_cam, clip.intrinsics, clip.masks()
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from factory.api import open_output as open  # noqa: A004
    from factory.api import run

__version__ = "0.1.0"

# Arrow's allocator is to give back what is freed: 276 MB become 211 for 100 thousand clips (`tests.bench.scale`). It
# asks once, when pyarrow is imported.
os.environ.setdefault("MIMALLOC_PURGE_DELAY", "0")
# Nor is its first GB to count as taken before it is used: a worker's limit of memory would (factory.memory).
os.environ.setdefault("MIMALLOC_ARENA_EAGER_COMMIT", "0")

__all__ = ["__version__", "open", "run"]


def __getattr__(name: str) -> Any:
    """`open` and `run` are brought in when they are asked for: the command, and workers, begin without them."""
    if name not in ("open", "run"):
        raise AttributeError(f"module 'factory' has no attribute '{name}'")
    from factory import api

    return {"open": api.open_output, "run": api.run}[name]
