/* counted.h — a lane of C++ whose sums, differences and products count (measure/counting.cc). */
#ifndef AURALIS_KERNELS_COUNTED_H
#define AURALIS_KERNELS_COUNTED_H

#include <stdint.h>

extern "C" uint64_t counted_operations;

struct vf {
    float x;
    vf() = default;
    vf(float value) : x(value) {}
    explicit vf(int32_t value) : x((float)value) {}
    operator float() const { return x; }
    explicit operator int32_t() const { return (int32_t)x; }
};

#define COUNTED(sign)                                                                                        \
    inline vf operator sign(vf a, vf b) {                                                                    \
        return counted_operations++, vf(a.x sign b.x);                                                       \
    }                                                                                                        \
    inline vf operator sign(vf a, float b) {                                                                 \
        return a sign vf(b);                                                                                 \
    }                                                                                                        \
    inline vf operator sign(float a, vf b) {                                                                 \
        return vf(a) sign b;                                                                                 \
    }                                                                                                        \
    inline vf &operator sign##=(vf &a, vf b) {                                                               \
        return a = a sign b;                                                                                 \
    }
COUNTED(+)
COUNTED(-)
COUNTED(*)
#undef COUNTED

#endif
