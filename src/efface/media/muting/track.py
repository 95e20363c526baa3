"""One track of an output that is silent for a while."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Stream

from efface.domain.time import TimeRange
from efface.media.copied_tracks import track_name
from efface.media.encoders import ContainerChoice
from efface.media.muting.encoder import choose_sound_encoder
from efface.media.muting.silence import silent_packets
from efface.media.muting.splice import SplicedTrack
from efface.media.muting.transcode import TranscodedTrack


@dataclass(frozen=True, slots=True, eq=False)
class MutedTrack:
    """A sound track on its way into an output, from packets of the source to those of the output."""

    stream: Stream
    """PyAV's stream in the output."""
    notices: tuple[str, ...]
    """What is not as in the source, for people."""
    _way: SplicedTrack | TranscodedTrack

    @property
    def num_lost(self) -> int:
        """Packets that had to be left out."""
        return self._way.num_lost

    def take(self, packet: "av.Packet[Any]") -> "list[av.Packet[Any]]":
        """What goes into the output once the source's next packet is known; times are on the source's clock."""
        return self._way.take(packet)

    def finish(self) -> "list[av.Packet[Any]]":
        """What was held back, after the last packet."""
        return self._way.finish()


def mute_track(
    output: OutputContainer,
    track: AudioStream,
    container: ContainerChoice,
    spans: Sequence[TimeRange],
    *,
    earliest: Fraction | None,
) -> MutedTrack | None:
    """Add a stream for a track that is silent in some spans, to an output whose header is not yet written.

    Its packets are copied, with silent ones in between, where its codec allows; else all of it is encoded anew.

    Args:
        output: the container.
        track: the source.
        container: what ``output`` is.
        spans: when it is silent, in seconds of the source's own clock.
        earliest: seconds on that clock before which ``output`` has no place for a packet; None where it has.

    Returns:
        None where it can be silenced in neither way: it has to be left out.
    """
    silence = silent_packets(track)
    if silence is not None:
        return MutedTrack(output.add_stream_from_template(track), (), SplicedTrack(track, silence, spans))
    encoder = choose_sound_encoder(track, container)
    if encoder is None:
        return None
    stream = encoder.add_to(output)
    notices = (
        ()
        if encoder.is_lossless
        else (f"{track_name(track)} is encoded anew, so that it can be muted in part",)
    )
    return MutedTrack(stream, notices, TranscodedTrack(track, stream, encoder, spans, earliest))
