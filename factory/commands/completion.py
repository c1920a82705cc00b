"""Prints what makes a shell complete commands, options and formats: eval "$(factory completion bash)"."""

import argparse

from factory.cli import COMMANDS, module_of

SHELLS = ("bash", "zsh", "tcsh")
SETTINGS = ("run", "plan")  # whose words are settings: they have no parser


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS)


def call(options: argparse.Namespace) -> int:
    import shtab

    print(shtab.complete(whole_parser(), options.shell))
    return 0


def whole_parser() -> argparse.ArgumentParser:
    """The command with all its subcommands, as one parser."""
    parser = argparse.ArgumentParser(prog="factory")
    parser.add_argument("-v", action="store_true", help="show tracebacks")
    parser.add_argument("--version", action="store_true")
    commands = parser.add_subparsers()
    for name in COMMANDS:
        module = module_of(name)
        about = (module.__doc__ or "").strip().splitlines()[0]
        each = commands.add_parser(name, help=about, description=about)
        if name in SETTINGS:
            each.add_argument("--help-all", action="store_true")
            each.add_argument("--config-dir")
            each.add_argument("--cfg", choices=("job",))
        else:
            module.add_arguments(each)
    return parser
