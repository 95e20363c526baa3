"""Picture → faces: the detectors, and how a picture is searched with them.

Takes upright RGB pictures, gives ``Detections`` in their pixels. A detector keeps no memory between pictures;
time belongs to the next stage, ``efface.track``.
"""
