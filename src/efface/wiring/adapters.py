"""Adapters by settings, opened and closed."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from efface.detect.choice import DetectorChoice
from efface.domain.errors import ConfigurationError
from efface.domain.media import EncodeSettings
from efface.inference.session import Backend
from efface.jobs import DbosJobQueue
from efface.media.encoders import check_settings
from efface.outbound import AddressRules, CallbackPoster, HttpDownloader
from efface.ports import Catalogue
from efface.settings import Settings
from efface.storage import ObstoreObjectStore, SystemClock, open_catalogue, open_object_store
from efface.usecases.services import Limits, Services
from efface.usecases.work import WorkSettings, WorkTools


def prepare_folders(settings: Settings) -> None:
    """Make the data folder and what belongs into it, closed to other users of the machine.

    Raises:
        ConfigurationError: it cannot be made.
    """
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (settings.scratch_folder, settings.cache_folder):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the data folder {settings.data} cannot be made ({error.strerror}): name another with --data"
        ) from error


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
            catalogue=catalogue,
            objects=open_objects(settings),
            queue=queue,
            clock=SystemClock(),
            limits=Limits(
                max_open_jobs=settings.max_open_jobs,
                max_open_jobs_per_account=settings.max_open_jobs_per_account,
                max_name_length=settings.max_name_length,
            ),
        )


def open_objects(settings: Settings) -> ObstoreObjectStore:
    """The object store."""
    return open_object_store(
        settings.objects_url,
        cache=settings.cache_folder,
        cache_bytes=settings.cache_bytes,
        options=settings.object_store_options,
    )


def address_rules(settings: Settings) -> AddressRules:
    """Which hosts videos may be fetched from and call backs sent to."""
    return AddressRules(settings.outbound_allow)


def open_callbacks(settings: Settings) -> CallbackPoster:
    """Who sends call backs."""
    return CallbackPoster(address_rules(settings))


def open_work_tools(settings: Settings) -> WorkTools:
    """What a process works with that knows no catalogue.

    Raises:
        RequestError: a setting of the render cannot be used.
    """
    prepare_folders(settings)
    encoding = EncodeSettings(crf=settings.crf, preset=settings.preset)
    check_settings(encoding)
    return WorkTools(
        objects=open_objects(settings),
        downloader=HttpDownloader(address_rules(settings)),
        scratch=settings.scratch_folder,
        settings=WorkSettings(
            index_segment_s=settings.index_segment_s,
            render_segment_s=settings.render_segment_s,
            max_fetch_bytes=settings.max_fetch_bytes,
            detector=DetectorChoice(settings.detector, Backend.parse(settings.backend)),
            encoding=encoding,
        ),
    )
