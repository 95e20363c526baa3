"""What efface is measured by: leaks and false masks, speed and memory, grouping of people.

Takes the clips of ``../shared`` and the installed ``efface``; gives ``RESULTS.md`` beside this file. Must
hold: tools that are compared run in turns on the same machine, each in a fresh process, and a figure that
misses its target is written down like any other.
"""
