"""What processes work with that know no catalogue: objects, other hosts, settings of the work."""

from efface.detect.choice import DetectorChoice
from efface.domain.errors import ConfigurationError
from efface.domain.media import EncodeSettings
from efface.inference.session import Backend
from efface.media.encoders import check_settings
from efface.outbound import AddressRules, CallbackPoster, HttpDownloader
from efface.ports import DiskRoom
from efface.settings import Settings
from efface.storage.objects import ObstoreObjectStore, folder_of, open_object_store
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


def disk_room(settings: Settings, *, is_for_work: bool = False) -> DiskRoom:
    """Of the disks that videos are received, kept and made on, as far as they are this machine's.

    Args:
        settings: of the service.
        is_for_work: whether it is work on videos that are there already: half of what is reserved is for that, since an
            upload that was taken in must not lack the room in which its faces are looked for.
    """
    kept = folder_of(settings.objects_url)
    folders = (settings.scratch_folder, kept or settings.cache_folder)
    reserved_bytes = settings.reserved_disk_bytes
    return DiskRoom(folders, reserved_bytes // 2 if is_for_work else reserved_bytes)


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
        downloader=HttpDownloader(address_rules(settings), room=disk_room(settings)),
        room=disk_room(settings, is_for_work=True),
        scratch=settings.scratch_folder,
        settings=WorkSettings(
            index_segment_s=settings.index_segment_s,
            render_segment_s=settings.render_segment_s,
            max_fetch_bytes=settings.max_fetch_bytes,
            detector=DetectorChoice(settings.detector, Backend.parse(settings.backend)),
            encoding=encoding,
        ),
    )
