"""Columns of the pose phase with a dynamic prior, beside its own."""

import pyarrow as pa

from factory.manifest.schema import artifact, column

PRIOR = (
    column("prior", pa.string(), "who says what moves: language (a model was asked) or clusters (of what moves)"),
    column("prior_note", pa.string(), "why it is not language where a model was to be asked; null where it is"),
    column("pose_from", pa.string(), "motion: tracks voted alone; prior: without those in the objects' masks"),
    column(
        "named_ratio",
        pa.float64(),
        "share of what the solve by motion rests on that lies in named objects; null where none is named",
    ),
    column(
        "pose_refined",
        pa.bool_(),
        "true: the poses are refined ones; false: refined ones were found worse or not to be trusted; null: none were",
    ),
    column("object_names", pa.list_(pa.string()), "of each object found, as it was named, or object 1, 2, ..."),
    column(
        "object_moving_ratio",
        pa.list_(pa.float64()),
        "of each object's tracks the share that rests nowhere under the poses: near 0, it stands; null without tracks",
    ),
    column("prior_tokens_in", pa.int64(), "tokens of the question to the language model, pictures included"),
    column("prior_tokens_out", pa.int64(), "tokens of its answer"),
    column("prior_usd", pa.float64(), "what both cost by the prices given, whenever it was asked"),
    artifact("objects.json", "objects named and found, with the model's answer"),
    artifact("instances.npz", "masks of single objects in the sampled frames"),
)
