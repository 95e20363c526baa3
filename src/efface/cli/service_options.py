"""Options that all commands of the service share, and how they reach the processes that a command starts."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from efface.settings import Settings

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the service.  [default: $EFFACE_DATA, else ~/.local/share/efface]",
)


def told_settings(**told: Any) -> "Settings":
    """The settings of this process and of those that it starts.

    Args:
        told: options by the names of the settings; None where an option was not given.

    Raises:
        ConfigurationError: a value cannot be used.
    """
    from efface.settings import read_settings

    settings = read_settings(**told)
    for name, value in told.items():
        if value is not None:
            # A worker and its children read the environment, so that they work with what this process was told.
            os.environ[f"EFFACE_{name.upper()}"] = str(getattr(settings, name))
    return settings
