"""Where the configuration tree lies."""

from pathlib import Path


def conf_dir() -> Path:
    """Inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[1] / "conf"
