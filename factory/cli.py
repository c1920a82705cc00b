"""The command: finds the subcommand, turns errors into one sentence."""

import importlib
import io
import keyword
import os
import signal
import sys
from collections.abc import Sequence
from types import ModuleType

USAGE = """\
factory turns folders of video into training data with geometry.

  factory run source=URI output=URI [pipeline=dynpose|pose|dynapo|stereo4d|ingest] [profile=cpu|gpu|cluster] [key=value]
  factory plan source=URI output=URI ...     the same arguments: what is left to do; no work is done
  factory submit [--address URL] [--no-wait] source=URI output=URI ...    sends a run to a Ray cluster, streams its log
  factory status OUTPUT                      the funnel per phase, reasons, failures, cost
  factory query OUTPUT "SQL" [--format table|csv|json|parquet] [--unsafe]    tables are named as the phases, and `runs`
  factory compact OUTPUT                     merges the many small Parquet parts of a large output
  factory export OUTPUT DEST --format tum|davis|colmap|nerfstudio|re10k|dynpose|vipe|stereo4d|webdataset|huggingface ...
  factory import SRC OUTPUT --format tum|colmap|dynpose|stereo4d     an output of what other software has posed
  factory refine VIDEO POSES DEST [--masks DIR]     poses of other software, refined with what moves left out
  factory report OUTPUT [DEST] [--copy] [--labels LABELS]    pages of the run and of each clip, for any browser
  factory view OUTPUT                        writes the report and shows it in the browser
  factory view OUTPUT CLIP [--save FILE.rrd]    video, masks, tracks, camera and points in Rerun
  factory duplicates OUTPUT [--to FILE.parquet]     copies of clips in other sources: resized, cropped, mirrored, ...
  factory split OUTPUT DEST.parquet [--ratios 0.8 0.1 0.1]     train, validation and test, so that nothing leaks
  factory sample OUTPUT DEST.parquet --by COLUMN --count N     as many clips of each value of a column
  factory evaluate pose|matches|reprojection|filter|masks|tracks|depth ...     against ground truth
  factory calibrate OUTPUT LABELS --to FILE.yaml     fits the filter's score to labels
  factory synth DEST [--preset sample|lightspeed|panda|stabilised|hard|stereo|vr180] [--check]     renders ground truth
  factory weights list|fetch|verify [NAME ...] [--at URI]     of learned models; a run fetches none
  factory doctor                             what this machine has, and whether it works
  factory completion bash|zsh|tcsh           for your shell: eval "$(factory completion bash)"

`factory help COMMAND` explains one. Options before or after the command: -v shows tracebacks, --version, --help."""

COMMANDS = (
    *("run", "plan", "submit", "status", "query", "compact", "report", "view", "export", "import"),
    *("refine", "duplicates", "split", "sample", "evaluate", "calibrate", "synth", "weights", "doctor", "completion"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status. 0: every clip has a status, failed ones included."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # where the locale has no word for a letter, its number is printed
            stream.reconfigure(errors="backslashreplace")
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    verbose = "-v" in arguments
    arguments = [a for a in arguments if a != "-v"]
    if arguments[:1] and arguments[0] in ("-h", "--help", "help"):
        arguments = [*arguments[1:2], "--help"]
    command, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    from factory.engine.terminal import give_up_input
    from factory.errors import FactoryError
    from factory.extras import system_libraries_named

    give_up_input()  # no command reads it; what a library does with it would stop one in the background
    try:
        with system_libraries_named():
            status = _dispatch(command, rest, verbose)
        sys.stdout.flush()
        return status
    except FactoryError as error:
        if verbose:
            raise
        print(f"factory {command}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        if not _nobody_reads():
            raise  # another pipe or socket: a store that has gone away
        # `factory query ... | head` ends quietly. Not by SIGPIPE: a store that goes away would end a run by it too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt as error:
        from factory.engine.ended import EndedError

        ended = isinstance(error, EndedError)
        how = "ended by SIGTERM" if ended else "interrupted"
        print(f"factory {command}: {how}; run the same command again to go on.", file=sys.stderr)
        return 128 + (signal.SIGTERM if ended else signal.SIGINT)


def _dispatch(command: str, rest: list[str], verbose: bool) -> int:
    import argparse

    if command == "--help":
        print(USAGE)
        return 0
    if command == "--version":
        from factory import __version__

        print(f"factory {__version__}")
        return 0
    if command not in COMMANDS:
        print(_unknown(command), file=sys.stderr)
        return 2
    module = module_of(command)
    if command in ("run", "plan"):
        return module.call(rest, verbose)
    parser = argparse.ArgumentParser(prog=f"factory {command}", description=module.__doc__)
    module.add_arguments(parser)
    try:
        # Options may stand between the words: `query OUT --format csv "SELECT ..."`. Not those of subcommands.
        options = parser.parse_args(rest) if command == "evaluate" else parser.parse_intermixed_args(rest)
    except SystemExit as end:  # argparse has printed its help, or what is wrong
        return int(end.code or 0)
    return module.call(options)


def module_of(command: str) -> ModuleType:
    """The module of one of `COMMANDS`; `import` is a word of Python's."""
    return importlib.import_module(f"factory.commands.{command}{'_' if keyword.iskeyword(command) else ''}")


def _unknown(command: str) -> str:
    from difflib import get_close_matches

    meant = get_close_matches(command, COMMANDS, 1)
    hint = f"did you mean {meant[0]}? T" if meant else "t"
    return f"factory: there is no command '{command}': {hint}ake one of {', '.join(COMMANDS)}."


def _nobody_reads() -> bool:
    """Whether whoever read our output has gone."""
    import select

    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
