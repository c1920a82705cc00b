"""The card of a data set on the Hugging Face hub."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from factory import __version__

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))  # the hub's words
MORE = "1M<n<10M"
QUANTILES = (0.0, 0.1, 0.5, 0.9, 1.0)
# Columns of numbers whose spread is told where they are there.
SPREADS = (
    *("width", "height", "fps", "focal_px", "registered_ratio", "reprojection_error_px", "parallax_median_deg"),
    *("ate_percent_predicted", "rotation_deg_predicted", "path_by_depth", "dynamic_share"),
)
CONVENTIONS = """\
Poses are camera-to-world, 4 x 4 by rows, with OpenCV's axes: x right, y down, z forward. The unit of length is
arbitrary. Pixel centres lie at integer coordinates, of the picture without black bars (`crop_x`, `crop_y`); times are
seconds from the source's first frame. The lens is x = f (1 + k1 r^2 + k2 r^4) X/Z + c.

`source` is the URI of a video, or a file's name. The videos are not part of this: they belong to whoever made them. Put
the licence of the annotations in the head of this card (`license`; for one of your own `other`, with `license_name` and
`license_link`).
"""
USE = """\
    from datasets import load_dataset
    clips = load_dataset("parquet", data_files="data/*.parquet", split="train")
"""


def card(clips: pa.Table, meanings: Mapping[str, str]) -> str:
    """README.md of a table of clips; meanings: of its columns."""
    head = {
        "pretty_name": "Camera poses of video clips",
        "license": "unknown",
        "size_categories": [next((word for below, word in SIZES if len(clips) < below), MORE)],
        "tags": ["video", "camera-pose", "structure-from-motion"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/*.parquet"}]}],
    }
    columns = [[f"`{f.name}`", f"`{f.type}`", meanings.get(f.name, "")] for f in clips.schema]
    return "\n".join(
        [
            f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n",
            f"# {head['pretty_name']}\n\n{_counts(clips)} Made with factory {__version__}.\n",
            USE,
            CONVENTIONS,
            "## Clips by quality\n",
            _rows(["quality", "clips"], _by_quality(clips)),
            "## Distributions\n",
            _rows(["column", *(f"{q:.0%}" for q in QUANTILES)], _spreads(clips)),
            "## Columns\n",
            _rows(["column", "type", "meaning"], columns),
        ]
    )


def _counts(clips: pa.Table) -> str:
    seconds = pc.sum(pc.subtract(clips["source_end_s"], clips["source_start_s"])).as_py() or 0.0
    posed = sum(map(sum, clips["registered"].to_pylist()))
    sources = pc.count_distinct(clips["source"]).as_py()
    return f"{len(clips)} clips of {sources} videos, {seconds / 3600:.2f} hours, {posed} frames with a pose."


def _by_quality(clips: pa.Table) -> list[list[str]]:
    if "quality" not in clips.column_names:
        return []
    counts = pc.value_counts(clips["quality"].combine_chunks()).to_pylist()
    return sorted([str(each["values"] or "not graded"), str(each["counts"])] for each in counts)


def _spreads(clips: pa.Table) -> list[list[str]]:
    made = []
    for name in SPREADS:
        if name not in clips.column_names:
            continue
        values = clips[name].drop_null().cast(pa.float64()).to_numpy()
        if len(values := values[np.isfinite(values)]):
            made.append([f"`{name}`", *(f"{value:.4g}" for value in np.quantile(values, QUANTILES))])
    return made


def _rows(names: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [names, ["---"] * len(names), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
