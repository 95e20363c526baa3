"""The command line: parses, calls one function of :mod:`efface.facade`, prints what it answered.

Takes the arguments of a terminal user, gives text or one JSON document on stdout, notes and a progress bar on
stderr, and an exit code. Must hold: one file per command, nothing heavy is imported before a command runs
(``efface --help`` answers in under 0.3 s), and an error raised on purpose never shows a traceback.
"""
