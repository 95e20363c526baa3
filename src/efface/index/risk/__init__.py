"""The moments of a video where a face is most likely bare or badly covered, so that a person looks there first.

Takes a face index and nothing else: no picture is opened. Gives ``Risk``s, the worst first. Must hold: the same
index gives the same list, however its tracks are ordered; the list is bounded and spread over the video. What no
search has ever seen leaves no sign in an index, so an empty list is no proof.
"""

from efface.index.risk.find import find_risks
from efface.index.risk.model import MAX_RISKS, Risk, RiskReason

__all__ = ["MAX_RISKS", "Risk", "RiskReason", "find_risks"]
