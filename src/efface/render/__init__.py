"""A plan becomes pixels: effects on decoded planes, and the pass that writes the finished file.

Takes a ``RedactionPlan`` and the source, gives the redacted file. Must hold: samples outside the regions are
not touched, not even converted; every sample of a hidden region loses its content before it reaches the
encoder; a frame of the plan is never written as it came.
"""

from efface.render.effects import apply_regions

__all__ = ["apply_regions"]
