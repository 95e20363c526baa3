"""``efface doctor``: is everything there that the service stands on?"""

from pathlib import Path

import click

from efface.cli.output import ExitCode, command_errors, json_option, print_json, print_line
from efface.cli.service_options import data_option, told_settings


@click.command(short_help="Check what the service stands on.")
@data_option
@json_option
@command_errors
def doctor(data: Path | None, as_json: bool) -> None:
    """Check network weights, codecs, data folder, keys, database, object store and workers by using each."""
    from efface.wiring.checks import run_checks

    checks = []
    for check in run_checks(told_settings(data=data)):
        checks.append(check)
        if not as_json:
            print_line(f"{'ok  ' if check.is_good else 'FAIL'}  {check.name:<14} {check.told}")
    if as_json:
        print_json({"checks": checks})
    if not all(check.is_good for check in checks):
        raise click.exceptions.Exit(int(ExitCode.SETUP))
