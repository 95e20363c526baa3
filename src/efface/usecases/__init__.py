"""What the service does for its users, over ports: take in, index, redact, read, change, delete.

Takes and gives domain records. Must hold: no HTTP, SQL or terminal in here; every call names the account it acts for,
and what belongs to another account is not there; what a worker does runs without a catalogue, from a ``WorkOrder``.
"""
