/* lanes.h — what a processor must offer to run the kernels: lanes, and thirty operations on them.
 *
 * The DSP of this folder is written once. Its text works on "lanes", LANES 32-bit values that do the same
 * thing side by side: on the CPU a vector of the machine's own width, on a GPU or in plain C a scalar, one
 * work item each. What lies in the lanes is the kernel's choice: voices mostly, or consecutive frames of one
 * stream. Another target needs another file like this one and nothing else.
 *
 * Three types: vf (float), vi (int32), vu (uint32). + − × work on all of them, & | ^ ~ << >> on vi and vu (a
 * right shift of vi keeps the sign; integers wrap). Everything else is a function below. Kernels use nothing
 * besides: no division, no library call, no fused multiply-add, no branch on a float. Each operation is exact
 * or rounded once as IEEE 754 asks, hence every target gives the same bits.
 *
 * Comparisons give masks, −1 (all ones) for true, 0 for false; a mask selects, it never branches.
 *
 * The width is chosen by the compiler's own target macros. GCC's vector extensions at the native width are
 * what gcc and clang both turn into good code; wider types, auto-vectorised loops and OpenMP were 2–10 times
 * slower on gcc. */
#ifndef AURALIS_KERNELS_LANES_H
#define AURALIS_KERNELS_LANES_H

#include "kernels/target.h"

#if defined(KERNEL_SCALAR) || KERNEL_ITEMS
#define LANES 1
#elif defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX2__)
#define LANES 8
#else
#define LANES 4 /* SSE2, NEON, whatever the compiler makes of four lanes */
#endif

#if LANES > 1 && defined(__SSE2__)
#include <immintrin.h>
#elif LANES > 1 && defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define UNROLLED _Pragma("GCC unroll 16")
#else
#define UNROLLED
#endif

#define LANE_GROUPS(voices) (((voices) + LANES - 1) / LANES)

#if LANES == 1
#ifdef KERNEL_COUNTING
#include "kernels/counted.h"
#else
typedef float vf;
#endif
typedef int32_t vi;
typedef uint32_t vu;
#define LANES_CONVERT(value, type) ((type)(value))
#define LANES_MASK(condition) (-(int32_t)(condition))
#else
typedef float vf __attribute__((vector_size(LANES * 4)));
typedef int32_t vi __attribute__((vector_size(LANES * 4)));
typedef uint32_t vu __attribute__((vector_size(LANES * 4)));
#define LANES_CONVERT(value, type) __builtin_convertvector(value, type)
#define LANES_MASK(condition) ((vi)(condition))
#endif

/* The same value in every lane. */
#if LANES == 1
KERNEL vf vf_set(float x) {
    return x;
}
KERNEL vi vi_set(int32_t x) {
    return x;
}
KERNEL vu vu_set(uint32_t x) {
    return x;
}
#else
KERNEL vf vf_set(float x) {
    return x - (vf){0};
}
KERNEL vi vi_set(int32_t x) {
    return x - (vi){0};
}
KERNEL vu vu_set(uint32_t x) {
    return x - (vu){0};
}
#endif

/* LANES consecutive values of memory, aligned or not. One lane's are macros, for pointers into any memory. */
#if LANES == 1
#define vf_load(p) ((p)[0])
#define vi_load(p) ((int32_t)(p)[0])
#define vu_load(p) ((uint32_t)(p)[0])
#define vf_store(p, v) ((void)((p)[0] = (v)))
#define vi_store(p, v) ((void)((p)[0] = (__typeof__((p)[0]))(v)))
#define vu_store(p, v) ((void)((p)[0] = (__typeof__((p)[0]))(v)))
#else
KERNEL vf vf_load(const float *p) {
    vf v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}
KERNEL vi vi_load(const void *p) {
    vi v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}
KERNEL vu vu_load(const void *p) {
    vu v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}
KERNEL void vf_store(float *p, vf v) {
    __builtin_memcpy(p, &v, sizeof v);
}
KERNEL void vi_store(void *p, vi v) {
    __builtin_memcpy(p, &v, sizeof v);
}
KERNEL void vu_store(void *p, vu v) {
    __builtin_memcpy(p, &v, sizeof v);
}
#endif

/* LANES values of −32768 … 32767 into 16 bits each. */
#if !KERNEL_ITEMS
KERNEL void vi_store_short(int16_t *p, vi v) {
#if LANES == 16
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16((__m512i)v));
#elif LANES == 8
    __m128i high = _mm256_extracti128_si256((__m256i)v, 1);
    _mm_storeu_si128((__m128i *)p, _mm_packs_epi32(_mm256_castsi256_si128((__m256i)v), high));
#elif LANES == 4 && defined(__SSE2__)
    _mm_storel_epi64((__m128i *)p, _mm_packs_epi32((__m128i)v, (__m128i)v));
#elif LANES == 4 && defined(__ARM_NEON)
    vst1_s16(p, vmovn_s32((int32x4_t)v));
#else
    int32_t whole[LANES];
    vi_store(whole, v);
    for (int i = 0; i < LANES; i++) p[i] = (int16_t)whole[i];
#endif
}
#endif

/* 0, 1, 2 … by lane: the frames of a run of time. */
KERNEL vi vi_ramp(void) {
#if LANES == 1
    return 0;
#else
    static const int32_t ramp[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return vi_load(ramp);
#endif
}

/* Conversions: to float rounds to nearest, to integer truncates (|x| < 2^31). */
KERNEL vf vf_from_i(vi x) {
    return LANES_CONVERT(x, vf);
}
KERNEL vi vi_from_f(vf x) {
    return LANES_CONVERT(x, vi);
}
KERNEL vf vf_ramp(void) {
    return vf_from_i(vi_ramp());
}

/* The same bits as another type. */
KERNEL vi vi_bits(vf x) {
#if LANES == 1
    return as_int(x);
#else
    vi v;
    __builtin_memcpy(&v, &x, sizeof v);
    return v;
#endif
}
KERNEL vf vf_bits(vi x) {
#if LANES == 1
    return as_float((uint32_t)x);
#else
    vf v;
    __builtin_memcpy(&v, &x, sizeof v);
    return v;
#endif
}
KERNEL vi vi_from_u(vu x) {
    return (vi)x;
}
KERNEL vu vu_from_i(vi x) {
    return (vu)x;
}

/* Integer arithmetic that wraps in C too, where signed overflow is undefined. */
KERNEL vi vi_add(vi a, vi b) {
    return (vi)((vu)a + (vu)b);
}
KERNEL vi vi_sub(vi a, vi b) {
    return (vi)((vu)a - (vu)b);
}

/* Masks. */
KERNEL vi vi_lt(vi a, vi b) {
    return LANES_MASK(a < b);
}
KERNEL vi vi_le(vi a, vi b) {
    return LANES_MASK(a <= b);
}
KERNEL vi vi_eq(vi a, vi b) {
    return LANES_MASK(a == b);
}
KERNEL vi vi_test(vi a, int32_t bits) {
    return LANES_MASK((a & bits) != 0);
} /* whether any of these bits is set */
KERNEL vi vf_lt(vf a, vf b) {
    return LANES_MASK(a < b);
}
KERNEL vi vi_select(vi mask, vi a, vi b) {
    return (mask & a) | (~mask & b);
}
KERNEL vf vf_select(vi mask, vf a, vf b) {
    return vf_bits(vi_select(mask, vi_bits(a), vi_bits(b)));
}
KERNEL vf vf_mask(vi mask, vf a) {
    return vf_bits(mask & vi_bits(a));
} /* a or +0.0 */
/* a where it has any of these bits, else +0.0. */
KERNEL vf vf_with(vf a, int32_t bits) {
#if LANES == 16
    __asm__("" : "+v"(a)); /* or gcc adds once more under the mask what a is the sum of */
    return (vf)_mm512_maskz_mov_ps(_mm512_test_epi32_mask((__m512i)a, _mm512_set1_epi32(bits)), (__m512)a);
#else
    return vf_mask(vi_test(vi_bits(a), bits), a);
#endif
}

/* |x|; INT32_MIN stays what it is. */
KERNEL vi vi_abs(vi x) {
#if LANES == 16
    return (vi)_mm512_abs_epi32((__m512i)x);
#elif LANES == 8
    return (vi)_mm256_abs_epi32((__m256i)x);
#else
    vi sign = x >> 31;
    return vi_sub(x ^ sign, sign);
#endif
}

KERNEL vi vi_min(vi a, vi b) {
    return vi_select(vi_lt(a, b), a, b);
}
KERNEL vi vi_max(vi a, vi b) {
    return vi_select(vi_lt(b, a), a, b);
}

/* a + b and a − b, made by a multiplier where those have less to do than the adders: a × 1 ± b, rounded once,
 * is the same. */
KERNEL vf vf_add_aside(vf a, vf b) {
#if LANES == 16
    return (vf)_mm512_fmadd_ps((__m512)a, _mm512_set1_ps(1.0f), (__m512)b);
#elif LANES == 8 && defined(__FMA__)
    return (vf)_mm256_fmadd_ps((__m256)a, _mm256_set1_ps(1.0f), (__m256)b);
#else
    return a + b;
#endif
}
KERNEL vf vf_take_aside(vf a, vf b) {
#if LANES == 16
    return (vf)_mm512_fmsub_ps((__m512)a, _mm512_set1_ps(1.0f), (__m512)b);
#elif LANES == 8 && defined(__FMA__)
    return (vf)_mm256_fmsub_ps((__m256)a, _mm256_set1_ps(1.0f), (__m256)b);
#else
    return a - b;
#endif
}

/* The smaller and the greater; b where they are equal (zeros of either sign too), as x86 has it. */
#if LANES == 16
KERNEL vf vf_min(vf a, vf b) {
    return (vf)_mm512_min_ps((__m512)a, (__m512)b);
}
KERNEL vf vf_max(vf a, vf b) {
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
}
#elif LANES == 8
KERNEL vf vf_min(vf a, vf b) {
    return (vf)_mm256_min_ps((__m256)a, (__m256)b);
}
KERNEL vf vf_max(vf a, vf b) {
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
}
#elif LANES == 4 && defined(__SSE2__)
KERNEL vf vf_min(vf a, vf b) {
    return (vf)_mm_min_ps((__m128)a, (__m128)b);
}
KERNEL vf vf_max(vf a, vf b) {
    return (vf)_mm_max_ps((__m128)a, (__m128)b);
}
#else
KERNEL vf vf_min(vf a, vf b) {
    return vf_select(vf_lt(a, b), a, b);
}
KERNEL vf vf_max(vf a, vf b) {
    return vf_select(vf_lt(b, a), a, b);
}
#endif
KERNEL vf vf_clamp(vf x, float low, float high) {
    return vf_min(vf_max(x, vf_set(low)), vf_set(high));
}
KERNEL vf vf_abs(vf x) {
    return vf_bits(vi_bits(x) & 0x7fffffff);
}
/* x with its sign turned where that of y is negative. */
KERNEL vf vf_flip(vf x, vf y) {
    return vf_bits(vi_bits(x) ^ (vi_bits(y) & INT32_MIN));
}

/* Whether any lane of a mask is set: skips work whose result is masked away, never changes one. */
KERNEL int vi_any(vi mask) {
#if LANES == 1
    return mask != 0;
#elif defined(__ARM_NEON)
    return vmaxvq_u32((uint32x4_t)mask) != 0;
#elif LANES == 16
    return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0;
#elif LANES == 8
    return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#elif defined(__SSE2__)
    return _mm_movemask_epi8(_mm_cmpeq_epi32((__m128i)mask, _mm_setzero_si128())) != 0xffff;
#else
    int32_t m[LANES], any = 0;
    vi_store(m, mask);
    for (int i = 0; i < LANES; i++) any |= m[i];
    return any != 0;
#endif
}

/* A bit for each lane that is negative, as the lanes of a mask are: bit 0 for lane 0. */
KERNEL uint32_t vi_signs(vi x) {
#if LANES == 16
    return _mm512_movepi32_mask((__m512i)x);
#elif LANES == 8
    return (uint32_t)_mm256_movemask_ps((__m256)x);
#elif LANES == 4 && defined(__SSE2__)
    return (uint32_t)_mm_movemask_ps((__m128)x);
#elif LANES == 1
    return (uint32_t)x >> 31;
#else
    uint32_t bits = 0;
    for (int i = 0; i < LANES; i++) bits |= ((uint32_t)x[i] >> 31) << i;
    return bits;
#endif
}

/* Lane i from lane i ^ by; `by`, a power of two below LANES, is known to the compiler. */
KERNEL vf lanes_swapped(vf x, int by) {
#if LANES == 16
    if (by == 8) return __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    if (by == 4) return __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    if (by == 2) return __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    return __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
#elif LANES == 8
    if (by == 4) return __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
    if (by == 2) return __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5);
    return __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6);
#elif LANES == 4
    if (by == 2) return __builtin_shufflevector(x, x, 2, 3, 0, 1);
    return __builtin_shufflevector(x, x, 1, 0, 3, 2);
#else
    (void)by;
    return x;
#endif
}

/* Lane 0. */
KERNEL float vf_first(vf x) {
#if LANES == 1
    return x;
#else
    return x[0];
#endif
}

/* The greatest of the lanes; none may be negative. */
KERNEL float lanes_greatest(vf x) {
    UNROLLED for (int by = LANES / 2; by; by /= 2) x =
        vf_bits(vi_max(vi_bits(x), vi_bits(lanes_swapped(x, by))));
    return vf_first(x);
}

/* The sum of the lanes: of neighbours, then of neighbouring sums, and so on. */
KERNEL float lanes_sum(vf x) {
    UNROLLED for (int by = 1; by < LANES; by *= 2) x = x + lanes_swapped(x, by);
    return vf_first(x);
}

/* A tile: TILE consecutive frames of LANES voices, tile[i] lane v being frame i of voice v. In memory a
 * voice's frames lie side by side, and the voices `row` floats apart; so a tile is turned over on its way in
 * and out. With 16 lanes a tile is 8 frames long, and two of them fit into the registers. */
#define TILE (LANES == 16 ? 8 : LANES)
#if LANES == 16
typedef float half_vf __attribute__((vector_size(32)));

/* In the quarters of pair and quad lie, by turns, voices and frames; the last step puts them in order. */
KERNEL void tile_load(vf tile[TILE], const float *p, size_t row) {
    vf in[8], pair[8], quad[8];
    for (int i = 0; i < 8; i++) {
        const float *at = p + (size_t)(i + (i & 4)) * row;
        half_vf low, high;
        __builtin_memcpy(&low, at, sizeof low);
        __builtin_memcpy(&high, at + 4 * row, sizeof high);
        in[i] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    }
    for (int i = 0; i < 8; i += 2) {
        pair[i] = __builtin_shufflevector(in[i], in[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28,
                                          13, 29);
        pair[i + 1] = __builtin_shufflevector(in[i], in[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27,
                                              14, 30, 15, 31);
    }
    for (int i = 0; i < 8; i += 4)
        for (int k = 0; k < 2; k++) {
            quad[i + 2 * k] = __builtin_shufflevector(pair[i + k], pair[i + k + 2], 0, 1, 16, 17, 4, 5, 20,
                                                      21, 8, 9, 24, 25, 12, 13, 28, 29);
            quad[i + 2 * k + 1] = __builtin_shufflevector(pair[i + k], pair[i + k + 2], 2, 3, 18, 19, 6, 7,
                                                          22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        }
    for (int k = 0; k < 4; k++) {
        tile[k] = __builtin_shufflevector(quad[k], quad[k + 4], 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24,
                                          25, 26, 27);
        tile[k + 4] = __builtin_shufflevector(quad[k], quad[k + 4], 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22,
                                              23, 28, 29, 30, 31);
    }
}

KERNEL void tile_store(const vf tile[TILE], float *p, size_t row) {
    vf pair[8], quad[8];
    for (int i = 0; i < 8; i += 2) {
        pair[i] = __builtin_shufflevector(tile[i], tile[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12,
                                          28, 13, 29);
        pair[i + 1] = __builtin_shufflevector(tile[i], tile[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11,
                                              27, 14, 30, 15, 31);
    }
    for (int i = 0; i < 8; i += 4)
        for (int k = 0; k < 2; k++) {
            quad[i + 2 * k] = __builtin_shufflevector(pair[i + k], pair[i + k + 2], 0, 1, 16, 17, 4, 5, 20,
                                                      21, 8, 9, 24, 25, 12, 13, 28, 29);
            quad[i + 2 * k + 1] = __builtin_shufflevector(pair[i + k], pair[i + k + 2], 2, 3, 18, 19, 6, 7,
                                                          22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        }
    for (int k = 0; k < 4; k++) /* quad[k], quad[k + 4] quarter q: frames 0–3, 4–7 of voice 4q + k */
        for (int h = 0; h < 2; h++) {
            vf out = h ? __builtin_shufflevector(quad[k], quad[k + 4], 8, 9, 10, 11, 24, 25, 26, 27, 12, 13,
                                                 14, 15, 28, 29, 30, 31)
                       : __builtin_shufflevector(quad[k], quad[k + 4], 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7,
                                                 20, 21, 22, 23);
            _mm256_storeu_ps(p + (size_t)(8 * h + k) * row, _mm512_castps512_ps256((__m512)out));
            _mm256_storeu_ps(p + (size_t)(8 * h + 4 + k) * row, _mm512_extractf32x8_ps((__m512)out, 1));
        }
}
#else
KERNEL void tile_transpose(vf row[LANES]) {
#if LANES == 8
    /* Interleaves stay inside the 128-bit halves, which AVX2 does in one instruction; the halves change
     * places last. */
    vf pair[8], quad[8];
    for (int i = 0; i < 8; i += 2) {
        pair[i] = __builtin_shufflevector(row[i], row[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        pair[i + 1] = __builtin_shufflevector(row[i], row[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4)
        for (int k = 0; k < 2; k++) {
            quad[i + 2 * k] = __builtin_shufflevector(pair[i + k], pair[i + k + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            quad[i + 2 * k + 1] =
                __builtin_shufflevector(pair[i + k], pair[i + k + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int i = 0; i < 4; i++) {
        row[i] = __builtin_shufflevector(quad[i], quad[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        row[i + 4] = __builtin_shufflevector(quad[i], quad[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
#elif LANES == 4
    for (int stage = 0; stage < 2; stage++) {
        vf next[4];
        for (int i = 0; i < 2; i++) {
            next[2 * i] = __builtin_shufflevector(row[i], row[i + 2], 0, 4, 1, 5);
            next[2 * i + 1] = __builtin_shufflevector(row[i], row[i + 2], 2, 6, 3, 7);
        }
        for (int i = 0; i < 4; i++) row[i] = next[i];
    }
#else
    (void)row;
#endif
}
KERNEL void tile_load(vf tile[TILE], const float *p, size_t row) {
    vf x[LANES];
    for (int i = 0; i < LANES; i++) x[i] = vf_load(p + (size_t)i * row);
    tile_transpose(x);
    for (int i = 0; i < LANES; i++) tile[i] = x[i];
}
KERNEL void tile_store(const vf tile[TILE], float *p, size_t row) {
    vf x[LANES];
    for (int i = 0; i < LANES; i++) x[i] = tile[i];
    tile_transpose(x);
    for (int i = 0; i < LANES; i++) vf_store(p + (size_t)i * row, x[i]);
}
#endif

/* LANES consecutive lanes of a and b, from lane `first` of a on; `first` known to the compiler. */
#if LANES == 16
#define LANES_FROM(first)                                                                                    \
    case first:                                                                                              \
        return (vf)_mm512_alignr_epi32((__m512i)b, (__m512i)a, first)
KERNEL vf lanes_across(vf a, vf b, int first) {
    switch (first) {
        LANES_FROM(1);
        LANES_FROM(2);
        LANES_FROM(3);
        LANES_FROM(4);
        LANES_FROM(5);
        LANES_FROM(6);
        LANES_FROM(7);
        LANES_FROM(8);
        LANES_FROM(9);
        LANES_FROM(10);
        LANES_FROM(11);
        LANES_FROM(12);
        LANES_FROM(13);
        LANES_FROM(14);
        LANES_FROM(15);
    default:
        return first ? b : a;
    }
}
#endif

/* vf_load(p + by), 0 ≤ by ≤ 4, given a = vf_load(p) and b = vf_load(p + LANES): where a vector is as long as
 * a cache line, nearly every unaligned load touches two, and a shuffle costs less. */
KERNEL vf lanes_ahead(MEMORY const float *p, vf a, vf b, int by) {
#if LANES == 16
    (void)p;
    return lanes_across(a, b, by);
#else
    (void)a, (void)b;
    return vf_load(p + by);
#endif
}

/* vf_load(p − by), 0 ≤ by < 16, given now = vf_load(p), p aligned: what was stored there as whole vectors a
 * moment ago cannot be read across two of them before it has left for the cache. */
KERNEL vf lanes_behind(MEMORY const float *p, vf now, int by) {
#if LANES == 16
    return lanes_across(vf_load(p - LANES), now, LANES - by);
#else
    (void)now;
    return vf_load(p - by);
#endif
}

/* Of a and then b, lanes 0, 2, 4 … and 1, 3, 5 … */
KERNEL void lanes_separate(vf a, vf b, vf *even, vf *odd) {
#if LANES == 16
    *even = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    *odd = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#elif LANES == 8
    *even = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
    *odd = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
#elif LANES == 4
    *even = __builtin_shufflevector(a, b, 0, 2, 4, 6);
    *odd = __builtin_shufflevector(a, b, 1, 3, 5, 7);
#else
    *even = a;
    *odd = b;
#endif
}

/* Writes a0 b0 a1 b1 …: 2 × LANES values. */
#if LANES == 1
#define lanes_interleave(out, a, b) (vf_store(out, a), vf_store((out) + 1, b))
#else
KERNEL void lanes_interleave(float *out, vf a, vf b) {
#if LANES == 16
    vf_store(out, __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    vf_store(out + 16,
             __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
#elif LANES == 8
    vf_store(out, __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
    vf_store(out + 8, __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15));
#elif LANES == 4
    vf_store(out, __builtin_shufflevector(a, b, 0, 4, 1, 5));
    vf_store(out + 4, __builtin_shufflevector(a, b, 2, 6, 3, 7));
#endif
}
#endif

#endif
