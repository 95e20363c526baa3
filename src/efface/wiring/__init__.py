"""The only place that builds adapters and puts them together.

Takes settings, gives use cases what they need. Must hold: nothing is opened at import, and everything that is opened
here is closed here; a child process, which is started often, loads neither database nor job engine.
"""
