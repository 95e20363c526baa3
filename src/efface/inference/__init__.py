"""Network sessions and weights: the only door to OpenVINO, ONNX Runtime and dlib.

Takes a picture, gives the raw output tensors of a network; knows nothing of faces. A session must give the same
answer for the same picture every time, and must never download anything.
"""
