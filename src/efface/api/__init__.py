"""HTTP: Azure Video Indexer's redaction API.

Takes requests, calls one use case each, and gives answers. Must hold: Azure's names and its spelling of fields live
here only; every refusal has the body that Azure's clients know; what a caller may see is settled in ``access``
before a route runs.
"""
