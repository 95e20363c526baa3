"""``efface worker``, and the processes that it and the API work with."""

import os
from pathlib import Path

import click

from efface.cli.output import command_errors, json_option, print_json
from efface.cli.service_options import data_option, told_settings


@click.command(short_help="Work on the jobs of the service.")
@click.option("--segments-at-once", type=click.IntRange(min=1), help="Segments to work on at the same time.")
@data_option
@json_option
@command_errors
def worker(segments_at_once: int | None, data: Path | None, as_json: bool) -> None:
    """Work on the jobs of the service until SIGTERM; `efface serve` starts one by itself.

    Several workers, on several machines, need a database and an object store that all of them reach:
    EFFACE_DATABASE_URL and EFFACE_OBJECT_STORE_URL. With --json one line is printed when it is ready to work.
    """
    from efface.wiring.log import configure_log
    from efface.wiring.worker import run_worker_process

    settings = told_settings(data=data, segments_at_once=segments_at_once)
    configure_log(settings.log_format)
    run_worker_process(settings, on_ready=(lambda: print_json({"pid": os.getpid()})) if as_json else None)


@click.command(name="run-orders", hidden=True)
@command_errors
def run_orders() -> None:
    """Work on orders that a worker writes to stdin; not for people."""
    from efface.settings import read_settings
    from efface.wiring.child import run_child
    from efface.wiring.log import configure_log

    settings = read_settings()
    configure_log(settings.log_format)
    run_child(settings)


@click.command(name="run-studio", hidden=True)
@command_errors
def run_studio() -> None:
    """Look into videos for an API process, by orders that it writes to stdin; not for people."""
    from efface.settings import read_settings
    from efface.wiring.log import configure_log
    from efface.wiring.studio_child import run_studio_child

    settings = read_settings()
    configure_log(settings.log_format)
    run_studio_child(settings)
