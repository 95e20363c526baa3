"""The face index: who is where and when in one video, the one file format for it, and the views of it.

Takes the tracks, people and shots of an analysis, or a file that a person has edited, or the annotations of
the old Azure Media Redactor; gives one checked ``FaceIndex``, its folder on disk, and views (``faces.json``,
insights, thumbnails, contact sheet). Must hold: every track belongs to exactly one person, every box has an
area and lies inside the timeline, what comes from disk is checked before it is believed, and what goes to
disk appears whole or not at all. Azure's key names occur in ``faces_json`` and ``annotations`` only.
"""
