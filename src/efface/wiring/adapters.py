"""Adapters by settings, opened and closed."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from efface.jobs import DbosJobQueue
from efface.ports import Catalogue
from efface.settings import Settings
from efface.storage.catalogue import SystemClock, open_catalogue
from efface.usecases.services import Limits, Services
from efface.wiring.studio import ChildStudio
from efface.wiring.tools import disk_room, open_objects, prepare_folders

__all__ = ["SystemClock", "opened_catalogue", "opened_services"]


@contextmanager
def opened_catalogue(settings: Settings) -> Iterator[Catalogue]:
    """The catalogue, brought to the present form first, while the block runs.

    Raises:
        ConfigurationError: the URL is none that efface can use.
        ServiceUnavailableError: the database does not answer.
    """
    prepare_folders(settings)
    with closing(open_catalogue(settings.catalogue_url)) as catalogue:
        yield catalogue


@contextmanager
def opened_services(settings: Settings) -> Iterator[Services]:
    """What the API and the command line call use cases with, while the block runs.

    Raises:
        ConfigurationError, ServiceUnavailableError: as ``opened_catalogue``.
    """
    with ExitStack() as stack:
        catalogue = stack.enter_context(opened_catalogue(settings))
        queue = stack.enter_context(closing(DbosJobQueue(settings.jobs_url)))
        yield Services(
            studio=stack.enter_context(closing(ChildStudio())),
            catalogue=catalogue,
            objects=open_objects(settings),
            queue=queue,
            clock=SystemClock(),
            room=disk_room(settings),
            limits=Limits(
                max_open_jobs=settings.max_open_jobs,
                max_open_jobs_per_account=settings.max_open_jobs_per_account,
                max_name_length=settings.max_name_length,
            ),
        )
