"""Azure's shapes: what clients send, read into domain records; what they are told, made of domain records.

One file per shape. Must hold: camelCase lives here only; what clients send is read as generously as they write it,
except where a wrong guess would show a face.
"""
