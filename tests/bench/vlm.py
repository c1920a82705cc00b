"""What a language model adds to the filter, on the rendered clips of the preset `panda`. Not a test.

    python -m tests.bench.vlm FOLDER OUTPUT [--wrong 0.1] [key=value ...]

FOLDER: as `tests.bench.panda` leaves it. The model stands in: a real server with the protocol, whose answers are the
truth about the clip that it is shown, but for a share that is wrong. So this tells what the place of the answers in the
filter is worth, and nothing of any model. Two reports, without and with it, each of the clips that no bound was set
with.
"""

import argparse
import base64
import hashlib
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from factory.cli import main as factory
from factory.evaluate.filtering import evaluate_filter
from factory.evaluate.labels import read_labels
from factory.filters.sample import SampleFrames
from factory.manifest.schema import ROOT
from factory.models.served import jpeg
from factory.phases.phase import clip_record, clips_from
from factory.storage.output import Storage
from factory.video import shrink
from tests.bench.panda import RECALLS, was_set_with, write_labels
from tests.seer import seeing

# The question, by what is wrong with a clip; the order of the questions is that of conf/vlm_questions.yaml.
QUESTIONS = ("vehicle", "blurred", "distorted", "static", "drawn", "edited", "children", "zoomed")
YES = {
    "view from inside a car": "vehicle",
    "background out of focus": "blurred",
    "fisheye": "distorted",
    "nothing moves": "static",
    "camera static": "",
    "drawn: cartoon": "drawn",
    "screen recording": "drawn",
    "titles laid over": "edited",
    "split screen": "edited",
    "zoom": "zoomed",
    "digital zoom or still": "zoomed",
    "shot cut": "zoomed",
    "dissolve or fade": "zoomed",
}


def kinds(folder: Path, output: Path) -> dict[str, str]:
    """What is wrong with each clip, by the digest of the first picture that the model is shown."""
    why = {label.path.stem: label.why for label in read_labels(folder)}
    found = {}
    for row in clips_from(Storage.at(output), ROOT, ()).to_pylist():
        record = clip_record(row)
        path = Path(record.clip.source)
        stills = SampleFrames()(record.give(path=path))["stills"]
        found[_digest(jpeg(shrink(stills[0], 512)))] = why[path.stem]
    return found


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def answered(asked: dict[str, Any], known: dict[str, str], wrong: float) -> str:
    url = asked["messages"][0]["content"][0]["image_url"]["url"]
    digest = _digest(base64.b64decode(url.partition(",")[2]))
    truth = YES.get(known[digest], "")
    errs = np.random.default_rng(int(digest[:12], 16)).random(len(QUESTIONS)) < wrong
    told = [(question == truth) != err for question, err in zip(QUESTIONS, errs, strict=True)]
    return json.dumps({str(number): "yes" if yes else "no" for number, yes in enumerate(told, 1)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--wrong", type=float, default=0.1, help="share of the answers that are wrong")
    parser.add_argument("overrides", nargs="*", help="of the configuration")
    options = parser.parse_args()
    labels = [label for label in read_labels(options.folder) if not was_set_with(label)]
    table = options.output / "held_out.csv"
    options.output.mkdir(parents=True, exist_ok=True)
    write_labels(table, labels)
    run = [f"source={options.folder}", "pipeline.phases=[ingest,filter]", "filter.exhaustive=true", *options.overrides]
    with seeing() as server:
        server.yes = None  # answers are yes or no, without probabilities
        vlm = ["vlm=served", f"vlm.url={server.url}", "vlm.model=seer", f"vlm.cache_at={options.output / 'replies'}"]
        os.environ["NO_PROXY"] = "127.0.0.1"
        for name, more in (("without", []), ("with", vlm)):
            output = options.output / name
            if name == "with":
                known = kinds(options.folder, options.output / "without")
                server.told_by = partial(answered, known=known, wrong=options.wrong)
            if factory(["run", *run, f"output={output}", *more]) != 0:
                raise SystemExit("the run did not succeed")
            print(f"\n{name} a model\n\n{evaluate_filter(output, table, RECALLS).text()}")


if __name__ == "__main__":
    main()
