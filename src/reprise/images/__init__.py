"""Images: decoding, query boxes, and the preparations of the published systems.

Nothing is re-exported, so that a module that needs only a box or a setting loads neither OpenCV nor Pillow.
"""
