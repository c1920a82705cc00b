"""The command: finds the subcommand, turns errors into one sentence."""

import os
import signal
import sys
from collections.abc import Sequence

USAGE = """\
factory turns folders of video into training data with geometry.

  factory run source=URI output=URI [pipeline=dynpose|pose] [profile=cpu|gpu|cluster] [key=value ...]
  factory plan source=URI output=URI ...     the same arguments: what is left to do; no work is done
  factory submit [--address URL] [--no-wait] source=URI output=URI ...    sends a run to a Ray cluster, streams its log
  factory status OUTPUT                      the funnel per phase, reasons, failures, cost
  factory query OUTPUT "SQL" [--format table|csv|json|parquet]    tables are named as the phases, and `runs`
  factory compact OUTPUT                     merges the many small Parquet parts of a large output
  factory export OUTPUT DEST --format tum|davis [--where SQL]
  factory evaluate pose|reprojection|filter|masks|tracks|depth ...     against ground truth
  factory calibrate OUTPUT LABELS --to FILE.yaml     fits the filter's score to labels
  factory synth DEST [--preset sample|lightspeed|panda|stabilised|stereo|vr180] [--check]     renders ground truth
  factory doctor                             what this machine has, and whether it works

Options before or after the command: -v shows tracebacks, --version, --help (also after a command)."""

COMMANDS = (
    *("run", "plan", "submit", "status", "query", "compact", "export"),
    *("evaluate", "calibrate", "synth", "doctor"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status. 0: every clip has a status, failed ones included."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    verbose = "-v" in arguments
    arguments = [a for a in arguments if a != "-v"]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0
    if arguments[0] == "--version":
        from factory import __version__

        print(f"factory {__version__}")
        return 0
    command, rest = arguments[0], arguments[1:]
    if command not in COMMANDS:
        print(f"factory: there is no command '{command}': take one of {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    from factory.errors import FactoryError

    try:
        status = _dispatch(command, rest, verbose)
        sys.stdout.flush()
        return status
    except FactoryError as error:
        if verbose:
            raise
        print(f"factory {command}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        if command in ("run", "plan", "submit"):
            raise
        # `factory query ... | head` ends quietly. Not by SIGPIPE: a store that goes away would end a run by it too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        print(f"factory {command}: interrupted; run the same command again to go on.", file=sys.stderr)
        return 130


def _dispatch(command: str, rest: list[str], verbose: bool) -> int:
    import argparse
    import importlib

    module = importlib.import_module(f"factory.commands.{command}")
    if command in ("run", "plan"):
        return module.call(rest, verbose)  # Hydra reads the rest
    parser = argparse.ArgumentParser(prog=f"factory {command}", description=module.__doc__)
    module.add_arguments(parser)
    if command == "submit":  # its key=value words may stand on both sides of an option
        return module.call(parser.parse_intermixed_args(rest))
    return module.call(parser.parse_args(rest))


if __name__ == "__main__":
    sys.exit(main())
