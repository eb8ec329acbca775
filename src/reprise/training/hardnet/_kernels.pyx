# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False, embedsignature=True
"""The loop over random numbers that draws triplets, each of which depends on how many the ones before took.

The callers have checked shapes, dtypes and ranges: nothing here does.
"""

from libc.stdint cimport int32_t, int64_t, uint32_t

cdef extern from *:
    const char *REPRISE_SOURCES

# The sha256 of this file when it was compiled.
SOURCES = REPRISE_SOURCES.decode()


cdef struct stream:
    const uint32_t *words
    int64_t place
    int64_t length


cdef inline int64_t below(stream *random, int64_t bound) noexcept nogil:
    """A number below ``bound``, as RandomState.randint draws it: -1 at the end of the stream."""
    cdef uint32_t highest = <uint32_t>(bound - 1), mask = highest, value
    if highest == 0:
        return 0
    mask |= mask >> 1
    mask |= mask >> 2
    mask |= mask >> 4
    mask |= mask >> 8
    mask |= mask >> 16
    while random.place < random.length:
        value = random.words[random.place] & mask
        random.place += 1
        if value <= highest:
            return value
    return -1


def draw_triplets(const uint32_t[::1] words, const int64_t[::1] starts, const int64_t[::1] members, int64_t block,
                  int64_t[::1] used, int32_t[:, ::1] triplets, int64_t done):
    """Fill ``triplets`` from row ``done`` on, until all are drawn or the random numbers end.

    Class c has the patches ``members[starts[c]:starts[c + 1]]``; used[c] is the last block that has it, from 1 on.
    Returns the number of rows that are filled, and of words that they took.
    """
    cdef int64_t classes = starts.shape[0] - 1, count = triplets.shape[0], row = done
    cdef int64_t own, other, size, first, second, third, now, taken = 0
    cdef stream random
    random.words, random.place, random.length = &words[0], 0, words.shape[0]
    with nogil:
        while row < count:
            now = row // block + 1
            own = below(&random, classes)
            while own >= 0 and used[own] == now:
                own = below(&random, classes)
            other = below(&random, classes)
            while other >= 0 and other == own:
                other = below(&random, classes)
            if own < 0 or other < 0:
                break
            size = starts[own + 1] - starts[own]
            first, second = 0, 1
            if size != 2:
                first = below(&random, size)
                second = below(&random, size)
                while second >= 0 and second == first:
                    second = below(&random, size)
            third = below(&random, starts[other + 1] - starts[other])
            if first < 0 or second < 0 or third < 0:
                break
            used[own] = now
            triplets[row, 0] = <int32_t>members[starts[own] + first]
            triplets[row, 1] = <int32_t>members[starts[own] + second]
            triplets[row, 2] = <int32_t>members[starts[other] + third]
            row += 1
            taken = random.place
    return row, taken
