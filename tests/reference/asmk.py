"""ASMK written down plainly: one loop per sentence of the papers, no speed."""

import numpy as np


def assign(descriptors, centroids, nearest):
    """The nearest words by squared L2 distance in float64; the lower word first where they are equal."""
    distances = ((descriptors[:, None, :].astype(np.float64) - centroids[None]) ** 2).sum(axis=2)
    return np.argsort(distances, axis=1, kind="stable")[:, :nearest]


def pack(residual):
    """Signs of one vector as uint32 numbers, dimension 0 in the most significant bit."""
    bits = "".join("1" if value > 0 else "0" for value in residual)
    bits += "0" * (-len(bits) % 32)
    return np.array([int(bits[i : i + 32], 2) for i in range(0, len(bits), 32)], dtype=np.uint32)


def aggregate(descriptors, words, image_ids, centroids, binary):
    """Vectors, words and image ids of every image, as lists; words (n, assignments)."""
    vectors, out_words, out_ids = [], [], []
    for image in sorted(set(image_ids.tolist())):
        rows = [i for i in range(len(descriptors)) if image_ids[i] == image]
        for word in sorted({int(word) for i in rows for word in words[i]}):
            residual = np.zeros(descriptors.shape[1], np.float32)
            for i in rows:
                if word in words[i]:
                    residual = residual + (descriptors[i] - centroids[word])
            if binary:
                vectors.append(pack(residual))
            else:
                norm = np.float32(np.sqrt((residual.astype(np.float64) ** 2).sum()))
                vectors.append(residual / (norm + np.float32(1e-6)))
            out_words.append(word)
            out_ids.append(image)
    return vectors, out_words, out_ids


def idf_weights(words, n_words, n_images):
    """Squared inverse document frequencies; a word of no image weighs 1."""
    weights = np.ones(n_words, np.float32)
    for word in set(words):
        weights[word] = np.log(n_images / list(words).count(word)) ** 2
    return weights


def similarity(a, b):
    """Dot product of two vectors, or its counterpart for two packed codes, in float32."""
    if a.dtype == np.float32:
        return np.float32(np.dot(a.astype(np.float64), b.astype(np.float64)))
    bits = 32 * len(a)
    distance = sum(int(x ^ y).bit_count() for x, y in zip(a.tolist(), b.tolist(), strict=True))
    return np.float32(1) - np.float32(2) * np.float32(distance / bits)


def search(database, query, weights, n_images, alpha, threshold):
    """Scores (n_images,) of one query; database and query are (vectors, words, image ids).

    An image of norm 0 gets nan as soon as a common word passes the threshold, a query of norm 0 always.
    """
    norms = np.zeros(n_images)
    for word, image in zip(*database[1:], strict=True):
        norms[image] += weights[word]
    scores, query_norm = np.zeros(n_images), np.float32(0)
    for query_vector, query_word in zip(*query[:2], strict=True):
        query_norm += weights[query_word]
        for vector, word, image in zip(*database, strict=True):
            u = similarity(query_vector, vector)
            if word == query_word and u >= np.float32(threshold):
                with np.errstate(invalid="ignore"):
                    value = np.power(u, np.float32(alpha)) * weights[word] / np.sqrt(norms[image])
                scores[image] += np.float32(value)
    if not len(query[1]):
        return scores
    with np.errstate(invalid="ignore", divide="ignore"):
        return scores / np.sqrt(query_norm)


def rank(scores, topk=None):
    """Images by descending score, lower id first where scores are equal, nan at the end."""
    order = sorted(range(len(scores)), key=lambda i: (np.isnan(scores[i]), -np.nan_to_num(scores[i]), i))
    return np.array(order[:topk], dtype=np.int64)
