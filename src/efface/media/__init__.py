"""The only door to PyAV: local media files in, decoded frames and copied packets out, and back into a file.

Takes paths of local files, which are sniffed by content before FFmpeg sees them: playlists, scripts, text and
pictures that efface does not edit are refused by name, and no other file or address is opened for them.
Gives ``VideoInfo``, upright arrays of each frame with the PTS that the file gives, and packets to copy;
writes frames whose planes were edited in place.

Must hold: frames come in presentation order, all of one size and pixel format; a damaged packet costs frames,
never the run; FFmpeg's errors leave as errors of ``efface.domain.errors`` that name the file.
"""
