"""The sampling of triplets as the published training does it: plain loops over the anchors."""

import numpy as np


def valid_anchors(similarities, indices, labels, candidates):
    anchors = []
    for image, label in enumerate(labels):
        own = others = 0
        for similarity, neighbor in zip(similarities[image][:candidates], indices[image][:candidates], strict=True):
            if similarity > 0:
                own += labels[neighbor] == label
                others += labels[neighbor] != label
        if own >= 5 and others >= 5:
            anchors.append(image)
    return anchors


def draw(anchors, similarities, indices, labels, candidates, random):
    """A positive and a negative for each anchor with the choice() of numpy, in this order."""
    triplets = []
    for anchor in anchors:
        row = [anchor]
        for same in (True, False):
            chosen = [
                (neighbor, similarity)
                for neighbor, similarity in zip(
                    indices[anchor][:candidates], similarities[anchor][:candidates], strict=True
                )
                if similarity > 0 and (labels[neighbor] == labels[anchor]) == same
            ]
            cubes = np.array([similarity for _, similarity in chosen], np.float64) ** 3
            row.append(random.choice([neighbor for neighbor, _ in chosen], p=cubes / cubes.sum()))
        triplets.append(row)
    return np.array(triplets)
