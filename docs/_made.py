"""Pages that are made of the code while the documentation is built: columns, settings, reasons, weights."""

import contextlib
import io
from collections.abc import Iterable, Sequence

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from factory.cli import main as factory
from factory.confdir import conf_dir
from factory.filters.features import FEATURES
from factory.manifest.prior_columns import PRIOR
from factory.manifest.schema import COMMON, FILTER, INGEST, POSE, RUNS, features_schema
from factory.manifest.stereo_columns import RIG, WORLD
from factory.phases.depthmaps import DEPTH
from factory.phases.one_eye import ONE_EYE
from factory.reasons import FAILED, REJECTED


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, content in {"columns.md": columns(), "settings.md": settings()}.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Puts the tables where pages ask for them."""
    for name, made in {"REASONS": reasons, "FAILURES": failures, "WEIGHTS": weights}.items():
        if f"[[{name}]]" in markdown:
            markdown = markdown.replace(f"[[{name}]]", made())
    return markdown


def columns() -> str:
    tables = {
        "Every phase": COMMON,
        "ingest": INGEST,
        "filter": (*FILTER, *features_schema(FEATURES)),
        "pose": POSE,
        "pose, with pipeline=dynapo or mask=dynapo besides": PRIOR,
        "depthmaps": DEPTH,
        "rig": RIG,
        "world": WORLD,
        "world, with pipeline=dynapo": ONE_EYE,
        "runs": RUNS,
    }
    parts = ["# Columns", "Of the tables that `factory query OUTPUT` and `factory.open(OUTPUT)` read. Null: not known."]
    for name, fields in tables.items():
        rows = [(f"`{f.name}`", f"`{f.type}`", f.metadata[b"meaning"].decode()) for f in fields]
        parts.append(f"## {name}\n\n{_table(('column', 'type', 'meaning'), rows)}")
    return "\n\n".join(parts)


def settings() -> str:
    with contextlib.redirect_stdout(io.StringIO()) as told:
        if factory(["run", "--cfg", "job", "source=???", "output=???"]):
            raise RuntimeError("the configuration cannot be composed")
    return (
        "# Settings\n\nAll there are, with their defaults and where each number comes from, as "
        "`factory run --cfg job` shows them. Any of them is set by its key, `pose.min_quality=gold`, "
        "`filter.stages.sample.grey_side_px=240`; profiles and presets set several (`profile=gpu`, `sfm=fast`).\n\n"
        f"```yaml\n{told.getvalue()}```\n"
    )


def reasons() -> str:
    return _table(("rule", "what it says"), [(f"`{name}`", words) for name, words in REJECTED.items()])


def failures() -> str:
    return _table(("error type", "what it says"), [(f"`{name}`", words) for name, words in FAILED.items()])


def weights() -> str:
    listed = yaml.safe_load((conf_dir() / "weights.yaml").read_text())
    rows = [
        (f"`{name}`", f"`{each['backend']}`", each["licence"], f"{sum(f.get('mb', 0) for f in each['files']):,.0f} MB")
        for name, each in listed.items()
    ]
    return _table(("weights", "setting", "licence of the weights", "size"), rows)


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [names, ["---"] * len(names), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
