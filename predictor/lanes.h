/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * FSC_LANES numbers at once. Where the processor has wider registers, functions marked FSC_CLONES
 * are compiled for them too; the order of operations, and so the result, is the same to the last
 * bit.
 */
#ifndef FSC_LANES_H
#define FSC_LANES_H

enum { FSC_LANES = 8 };

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) &&                        \
    !defined(__SANITIZE_ADDRESS__)
#define FSC_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define FSC_CLONES
#endif

typedef double fsc_lanes __attribute__((vector_size(FSC_LANES * sizeof(double)), aligned(8)));
#define FSC_LANES_AT(p) (*(fsc_lanes *)(void *)(p))

#endif
