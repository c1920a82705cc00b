"""What a real shell makes of the completion."""

import subprocess

import pytest

from factory.cli import COMMANDS, main

COMPLETE = """
. /dev/stdin
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_shtab_factory
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("factory ''", {*COMMANDS}),
        ("factory ex", {"export"}),
        ("factory export out dest --format da", {"davis"}),
        ("factory plan --c", {"--config-dir", "--cfg"}),
        ("factory synth x --pre", {"--preset"}),
    ],
)
def test_bash_completes_commands_options_and_choices(words, found, capsys):
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    done = subprocess.run(["bash", "-c", COMPLETE.format(words=words)], input=script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert found <= set(done.stdout.split())
    assert all(word.startswith(words.split()[-1].strip("'")) for word in done.stdout.split())
