"""Entry point of the program ``efface``."""

import os
import sys
from collections.abc import Sequence

import click

from efface.cli.account import account
from efface.cli.doctor import doctor
from efface.cli.index import index
from efface.cli.info import info
from efface.cli.models import models
from efface.cli.output import ExitCode, exit_codes_text, report_failure
from efface.cli.redact import redact
from efface.cli.risks import risks
from efface.cli.sample import sample
from efface.cli.serve import api, serve
from efface.cli.token import token
from efface.cli.worker import run_orders, run_studio, worker


def _print_version(context: click.Context, _parameter: click.Parameter, is_wanted: bool) -> None:
    if not is_wanted or context.resilient_parsing:
        return
    from efface import __version__

    click.echo(f"efface {__version__}")
    context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=exit_codes_text())
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Print the version and exit.",
)  # fmt: skip
def cli() -> None:
    """Find every face in a video or picture and hide it, or all but the ones you name.

    Everything runs on this machine; nothing is sent anywhere.

    \b
      efface redact clip.mp4 -o safe.mp4                    all faces
      efface index clip.mp4 -o clip.efface/                 who is in it?
      efface redact clip.mp4 --index clip.efface/ --exclude 1001
      efface serve                                          the service, for clients of Video Indexer
    """


for command in (
    *(redact, index, risks, info, models, sample),
    *(serve, api, worker, account, token, doctor, run_orders, run_studio),
):
    cli.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Run one command line.

    Args:
        arguments: what follows the program's name.

    Returns:
        The exit code, see :class:`efface.cli.output.ExitCode`.
    """
    try:
        # Outside of standalone mode click hands usage errors to us, so that --json covers them too.
        code = cli.main(args=list(arguments), prog_name="efface", standalone_mode=False)
    except click.UsageError as error:
        return _report_usage_error(error, as_json="--json" in arguments)
    except (click.Abort, KeyboardInterrupt):
        return report_failure(
            {"type": "Cancelled", "message": "stopped on request: nothing half-written is left"},
            ExitCode.INTERRUPTED,
            as_json="--json" in arguments,
        )
    except BrokenPipeError:
        # The reader of our output has gone, as in `efface info clip.mp4 | head -1`: that is no error of ours,
        # but Python would complain when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.OK)
    return code if isinstance(code, int) else int(ExitCode.OK)


def main() -> None:
    """Run the command line of this process and exit."""
    sys.exit(run(sys.argv[1:]))


def _report_usage_error(error: click.UsageError, as_json: bool) -> int:
    if as_json:
        return report_failure(
            {"type": "UsageError", "message": error.format_message()}, ExitCode.REQUEST, as_json
        )
    error.show()
    return int(ExitCode.REQUEST)
