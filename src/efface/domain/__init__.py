"""Frozen records and pure maths that every stage speaks: time, boxes, detections, tracks, faces, plans, errors.

Takes and gives nothing but standard-library and NumPy values. Nothing in here opens a file, a network or a clock,
so a test of the domain needs no fixture.
"""
