/* What differs between compilers and processors.

   The functions of the headers that include this one work on one image, one query or one row each, hold no state
   and allocate nothing; the Cython modules spread them over threads. Every sum is taken in a fixed order, so that no
   result depends on the number of threads. */

#ifndef REPRISE_PORTABLE_H
#define REPRISE_PORTABLE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Distributed binaries have to run on every x86-64; the loader picks the fast version where the processor has it.
   Needs indirect functions, which glibc has and other C libraries have not. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && (!defined(__clang__) || __clang_major__ >= 14)
#define FOR_EACH_CPU __attribute__((target_clones("avx2", "popcnt", "default")))
#else
#define FOR_EACH_CPU
#endif

#if defined(_MSC_VER)
#define ALWAYS_INLINE static __forceinline
#define RESTRICT __restrict
#else
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define RESTRICT restrict
#endif

ALWAYS_INLINE int count_bits(uint64_t x) {
#if defined(__GNUC__)
    return __builtin_popcountll(x);
#else
    x -= (x >> 1) & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
    return (int)((((x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu) * 0x0101010101010101u) >> 56);
#endif
}

#endif
