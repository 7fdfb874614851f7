/* exact.h — mathematics in double that gives the same bits on every system: + − × ÷ only, no libm.
 *
 * For the host's work once a note or a parameter change. Relative error below 1e-14. */
#ifndef AURALIS_BASE_EXACT_H
#define AURALIS_BASE_EXACT_H

double exact_exp2(double x); /* 2^x, |x| ≤ 1,000 */
double exact_log2(double x); /* x > 0, normal */
double exact_exp(double x);
double exact_sin_turns(double x); /* sin(2πx) */
double exact_cos_turns(double x);
double exact_tan_turns(double x); /* tan(2πx), |x| < 0.25 */
double exact_db(double decibels); /* 10^(dB/20) */
double exact_floor(double x);     /* |x| < 2^62 */
double exact_round(double x);     /* half away from zero */
double exact_hz(double midi);     /* 440 × 2^((midi − 69)/12) */

#endif
