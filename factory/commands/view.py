"""Shows a clip in Rerun: video, masks, tracks, camera path and points; or writes that as a recording."""

import argparse
from pathlib import Path

from factory.errors import ConfigError
from factory.extras import install_command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")
    parser.add_argument("clip", help="the clip's id or its beginning, or a part of its source's name")
    parser.add_argument("--save", metavar="FILE.rrd", help="write the recording, for `rerun FILE.rrd`; opens no viewer")


def call(options: argparse.Namespace) -> int:
    from factory.data.opened import Output

    try:
        import rerun as rr
    except ImportError as error:
        raise ConfigError(f"Rerun is not installed: {install_command('view')}") from error
    from factory.view.recording import record

    clip = Output.at(options.output).find(options.clip)
    stream = rr.RecordingStream("factory", recording_id=clip.clip_id)
    if options.save is None:
        stream.spawn()
    else:
        Path(options.save).parent.mkdir(parents=True, exist_ok=True)
        stream.save(options.save)
    record(clip, stream)
    stream.flush()
    if options.save is not None:
        print(f"{options.save} written: open it with `rerun {options.save}`")
    return 0
