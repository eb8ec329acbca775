"""Images: decoding, query boxes, and the preparations of the published systems.

Nothing is re-exported, so that what only names a box or a setting loads neither OpenCV nor Pillow.
"""
