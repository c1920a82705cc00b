"""The words after `factory run` and `factory plan`: settings as key=value, and a few options."""

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from factory.confdir import conf_dir
from factory.errors import ConfigError

if TYPE_CHECKING:
    from factory.settings import Settings

HELP = """\
factory {command} source=URI output=URI [key=value ...]

  {purpose}

The ten settings that people need first:

  source=URI           a video, a folder or s3:// prefix (searched), a glob, or
                       a list of URIs (csv, tsv, jsonl, txt, parquet)
  output=URI           folder or s3:// prefix of the results; the same output
                       again continues where it ended
  pipeline=dynpose     only clips whose camera can be estimated (default);
                       pose: every clip; dynapo: every clip, with objects
                       and depth; stereo4d: VR180 and stereo video to poses,
                       depth, 3D tracks; ingest: only the list of clips
  profile=cpu          this machine without a GPU (default); gpu: learned
                       models; cluster: the Ray cluster at RAY_ADDRESS
  sfm=accurate         the most accurate poses (default); fast: half the cost
  engine=ray           all cores, or a cluster (default); inline: one worker
                       without Ray
  workers=N            worker processes of each phase (default: as many as fit)
  ingest.cut.max_s=S   longest clip in seconds (default 12)
  retry=failed         does clips again whose status is failed (default none)
  force=true           runs although another run uses the output

Examples:

  factory {command} source=my-videos output=out
  factory {command} source=clip.mp4 output=out pipeline=pose sfm=fast
  factory {command} source=s3://bucket/in output=s3://bucket/out profile=cluster

Options:

  --help-all           every file of conf/, with its comments
  --cfg job            every setting there is, with its value and comment, as
                       the words and presets make it (--resolve: references
                       replaced by values)
  --config-dir DIR     your own presets: DIR/filter/mine.yaml is filter=mine.
                       They use only classes of factory, and of packages that
                       allow_targets=[package] names
  -v                   show tracebacks
"""

PURPOSE = {
    "run": "Turns videos into clips with camera poses and masks. What an earlier run\n"
    "  of the same command has done is not done again.",
    "plan": "Shows what `factory run` with the same words has left to do, where it\n"
    "  would run and how long it would take. Nothing is written.",
}


@dataclass(frozen=True)
class Given:
    """show: what is to be printed instead of working; None where work is asked for."""

    overrides: list[str]
    config_dir: str | None
    show: Callable[[], str] | None


def compose_and_call(command: str, job: "Callable[[Settings], int]", words: Sequence[str], verbose: bool) -> int:
    """Hands the settings that `words` describe to the job, unless they ask to be shown something instead."""
    from factory.commands.compose import configured

    if verbose:
        os.environ["FACTORY_VERBOSE"] = "1"
    given = parse(command, words)
    if given.show is not None:
        print(given.show(), end="")
        return 0
    return job(configured(given.overrides, given.config_dir))


def parse(command: str, words: Sequence[str]) -> Given:
    """Raises ConfigError for options that do not exist, and for Hydra's sweeps."""
    parser = argparse.ArgumentParser(prog=f"factory {command}", add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("-h", "--help", nargs="?", const="short", choices=("short", "all"))
    parser.add_argument("--help-all", action="store_const", const="all", dest="help")
    parser.add_argument("-c", "--cfg", choices=("job",))
    parser.add_argument("--resolve", action="store_true")
    parser.add_argument("-cd", "--config-dir")
    parser.add_argument("-m", "--multirun", action="store_true")
    try:
        options, rest = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise ConfigError(f"{error}; `factory {command} --help` lists the options.") from error
    if options.multirun:
        raise ConfigError("several runs in one command (--multirun) are not supported: give each its own command.")
    if unknown := [word for word in rest if word.startswith("-")]:
        settings = f"settings have no dashes (source=my-videos), and `factory {command} --help` lists the options"
        raise ConfigError(f"there is no option {unknown[0]}: {settings}.")
    show: Callable[[], str] | None = None
    if options.help:
        show = everything if options.help == "all" else partial(HELP.format, command=command, purpose=PURPOSE[command])
    elif options.cfg:
        show = partial(_configuration, rest, options.config_dir, options.resolve)
    return Given(rest, options.config_dir, show)


def everything() -> str:
    """Every file of conf/ as it stands: the comments say what each setting means and where its number comes from."""
    root = conf_dir()
    shared = root / "vlm_questions.yaml"  # no group of its own: presets of one take it
    files = [root / "config.yaml", *sorted(root.glob("*/*.yaml")), shared]
    parts = []
    for path in files:
        group = f"phase@{path.stem}" if path.parent.name == "phase" else path.parent.name
        above = {"config": "the top level", shared.stem: "vlm=served and vlm=local"}
        title = above.get(path.stem, f"{group}={path.stem}")
        parts.append(f"## {title}\n{path.read_text(encoding='utf-8').rstrip()}\n")
    head = "# Every setting. Write key=value; group=name takes another preset. A stage's other\n"
    head += "# fields can be set too, for example filter.stages.sample.grey_side_px=240: --cfg job shows all.\n"
    return "\n".join([head, *parts])


def _configuration(words: Sequence[str], config_dir: str | None, resolve: bool) -> str:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    from factory.commands.compose import composed
    from factory.commands.shown import shown
    from factory.construct import Maker

    cfg, allowed = composed(words, config_dir)
    try:
        node: Any = OmegaConf.to_container(cfg, resolve=resolve)
        return shown(node, Maker(allowed))
    except OmegaConfBaseException as error:
        raise ConfigError(f"a reference in the configuration cannot be followed: {error}") from error
