"""Pictures and detections over time → shots and face tracks.

Takes small gray pictures of every frame and the detections of some of them; gives shots and tracks without gaps.
Must hold: a track never crosses a cut, never skips a frame, and its memory is bounded by a few seconds of pictures
plus the tracks themselves.
"""
