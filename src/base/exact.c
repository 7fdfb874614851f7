#include "base/exact.h"
#include <stdint.h>
#include <string.h>

static double power_of_two(int64_t n) {
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

double exact_floor(double x) {
    double t = (double)(int64_t)x;
    return t > x ? t - 1.0 : t;
}

double exact_round(double x) {
    return x < 0 ? -exact_floor(-x + 0.5) : exact_floor(x + 0.5);
}

/* Taylor series of e^(r ln 2), |r| ≤ ½: the 16th term is below 1e-19. */
double exact_exp2(double x) {
    const double ln2 = 0.693147180559945309417232121458;
    if (x < -1000.0) x = -1000.0;
    if (x > 1000.0) x = 1000.0;
    double n = exact_floor(x + 0.5), y = (x - n) * ln2, sum = 1.0;
    for (int k = 16; k >= 1; k--) sum = 1.0 + sum * y / k;
    return sum * power_of_two((int64_t)n);
}

double exact_exp(double x) {
    return exact_exp2(x * 1.44269504088896340735992468100);
}

/* ln m = 2 artanh((m − 1) / (m + 1)), m in [√½, √2): the series in t² with |t| ≤ 0.172 converges by 1.5
 * digits a term. */
double exact_log2(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t exponent = (int64_t)(bits >> 52 & 0x7ff) - 1023;
    bits = (bits & 0xfffffffffffffu) | (uint64_t)1023 << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > 1.41421356237309504880) m *= 0.5, exponent++;
    double t = (m - 1.0) / (m + 1.0), t2 = t * t, sum = 0.0;
    for (int k = 25; k >= 1; k -= 2) sum = sum * t2 + 1.0 / k;
    return (double)exponent + 2.0 * t * sum * 1.44269504088896340735992468100;
}

/* sin and cos of an angle of at most 1/8 turn, by their Taylor series. */
static double sin_small(double a) {
    double a2 = a * a, sum = 1.0;
    for (int k = 20; k >= 2; k -= 2) sum = 1.0 - sum * a2 / (double)(k * (k + 1));
    return a * sum;
}

static double cos_small(double a) {
    double a2 = a * a, sum = 1.0;
    for (int k = 19; k >= 1; k -= 2) sum = 1.0 - sum * a2 / (double)(k * (k + 1));
    return sum;
}

double exact_sin_turns(double x) {
    const double tau = 6.28318530717958647692528676656;
    x -= exact_floor(x);
    int octant = (int)(x * 8.0);
    double a = x * 8.0 - (double)octant;
    switch (octant & 7) {
    case 0:
        return sin_small(a * tau / 8.0);
    case 1:
        return cos_small((1.0 - a) * tau / 8.0);
    case 2:
        return cos_small(a * tau / 8.0);
    case 3:
        return sin_small((1.0 - a) * tau / 8.0);
    case 4:
        return -sin_small(a * tau / 8.0);
    case 5:
        return -cos_small((1.0 - a) * tau / 8.0);
    case 6:
        return -cos_small(a * tau / 8.0);
    default:
        return -sin_small((1.0 - a) * tau / 8.0);
    }
}

double exact_cos_turns(double x) {
    return exact_sin_turns(x + 0.25);
}
double exact_tan_turns(double x) {
    return exact_sin_turns(x) / exact_cos_turns(x);
}
double exact_db(double decibels) {
    return exact_exp2(decibels * 0.166096404744368117393515971474);
}
double exact_hz(double midi) {
    return 440.0 * exact_exp2((midi - 69.0) / 12.0);
}
