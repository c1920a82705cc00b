"""Shows an output's report in the browser; or a clip in Rerun: video, masks, tracks, camera path and points."""

import argparse
import os
import shutil
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from factory.console.tables import as_typed
from factory.errors import ConfigError
from factory.extras import install_command

if TYPE_CHECKING:
    from factory.data.opened import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output", help="the output of a run")
    clip = "the clip's id or its beginning, or a part of its source's name; without one the report is written and shown"
    parser.add_argument("clip", nargs="?", help=clip)
    parser.add_argument("--save", metavar="FILE.rrd", help="write the recording, for `rerun FILE.rrd`; opens no viewer")


def call(options: argparse.Namespace) -> int:
    from factory.data.opened import Output

    output = Output.at(options.output)
    if options.clip is None:
        if options.save is not None:
            raise ConfigError("--save writes the recording of one clip: say which.")
        _show_report(output)
    else:
        _show_clip(output, options.clip, options.save)
    return 0


def _show_report(output: "Output") -> None:
    """Written anew into the output; of a bucket into a folder that goes when the server ends."""
    from factory.report.serve import serve
    from factory.report.write import write_report
    from factory.storage.names import real_path
    from factory.storage.places import is_s3

    with TemporaryDirectory() as temporary:
        folder = Path(temporary if is_s3(output.storage.root) else real_path(output.storage.root)).resolve()
        serve(write_report(output, folder / "report").index, folder)


def _show_clip(output: "Output", name: str, save: str | None) -> None:
    try:
        import rerun as rr
    except ImportError as error:
        raise ConfigError(f"Rerun is not installed: {install_command('view')}") from error
    from factory.view.recording import record

    clip = output.find(name)
    if save is None and not has_display():
        told = "--save FILE.rrd writes the recording, for `rerun FILE.rrd` on a machine that has one"
        raise ConfigError(f"there is no display for Rerun's viewer: {told}.")
    stream = rr.RecordingStream("factory", recording_id=clip.clip_id)
    if save is None:
        rr.spawn(recording=stream, executable_path=viewer())
    else:
        Path(save).parent.mkdir(parents=True, exist_ok=True)
        stream.save(save)
    record(clip, stream)
    stream.flush()
    if save is not None:
        opened = "rerun" if shutil.which("rerun") else as_typed(viewer() or "rerun")
        print(f"{save} written: open it with `{opened} {save}`")


def viewer() -> str | None:
    """Where the viewer of this environment lies: the environment need not be active."""
    return shutil.which("rerun", path=sysconfig.get_path("scripts"))


def has_display() -> bool:
    """Whether a window can open: on Linux X or Wayland say so. Without one the viewer ends, and its port is dead."""
    return sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET")))
