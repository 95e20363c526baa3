"""Sound that is not to be heard: tracks copied with silent packets in place of some, or encoded anew with silence.

Takes the packets of a track and spans of time, gives the packets that go into the output. Must hold: no sample of
the spans reaches the output in any form, the rest is copied bit by bit where the codec allows, nothing moves in
time, and a track that cannot be silenced is left out rather than copied.
"""

from efface.media.muting.track import MutedTrack, mute_track

__all__ = ["MutedTrack", "mute_track"]
