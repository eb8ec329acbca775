"""Visual localization: pairs of images, a COLMAP database, triangulation on given poses, and poses of queries.

pycolmap is loaded when the first of its functions is called, so that planning does not need it.
"""
