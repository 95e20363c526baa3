"""The line itself: media → detect → track → identify → index → plan → render.

Takes local paths and records, gives an index or a finished file. Must hold: no HTTP, SQL or terminal in here; long
work reports after every frame and can be stopped there; the source is only read.
"""

from efface.pipeline.image import ImageReport, redact_image
from efface.pipeline.join_index import Analysis
from efface.pipeline.video import index_video, redact_video
from efface.render.render import RenderReport

__all__ = ["Analysis", "ImageReport", "RenderReport", "index_video", "redact_image", "redact_video"]
