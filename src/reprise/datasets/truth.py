"""Which kind of ground truth the datasets of a layout have, so that a plan can be made before any of them is read."""

#: layout -> the kind, which is ``truth`` of the :class:`reprise.datasets.images.Dataset` that is read. Layouts that are
#: not here have no ground truth.
KINDS = {"revisited": "revisited", "classic": "classic", "val_eccv20": "classic", "gldv2": "landmarks"}
