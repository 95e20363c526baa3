"""Streaming copies of a finished video: what hls.js, dash.js and Safari play while it is still being fetched.

Takes any file that ``efface.media`` opens. Gives ``video.mp4`` and, where there is sound, ``audio.mp4``: fragmented
MP4 (ISO/IEC 14496-12), an initialisation part and fragments of about four seconds that each start with a key
frame; and a ``StreamManifest`` that says where in the files these lie, from which the playlists are written.

Must hold: every picture and sound keeps its distance in time to every other; packets are copied where browsers
play them as they are; no edit list and no negative composition offset is needed, as players differ over them.
"""
