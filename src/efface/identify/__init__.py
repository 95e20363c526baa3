"""Tracks → people: which tracks show the same person, and the picture that shows each person best.

Takes the finished tracks of a video and a few views of each, cut out while the frames were decoded anyway,
so that no frame is decoded twice. Gives one ``FaceGroup`` per person. Must hold: every track is in exactly
one group, the same input gives the same ids, and in doubt two tracks stay two people, because a wrongly
joined person would stay visible when somebody else is excluded from redaction.
"""
