/* token_bucket.c — how often somebody may do something (see token_bucket.h). */
#include "server/token_bucket.h"

void token_bucket_begin(struct token_bucket *bucket, double now_seconds) {
    *bucket = (struct token_bucket){.tokens = TOKEN_BURST, .last = now_seconds};
}

int token_bucket_take(struct token_bucket *bucket, double now_seconds) {
    double passed = now_seconds - bucket->last;
    if (passed > 0) {
        bucket->tokens += passed * TOKEN_RATE;
        bucket->last = now_seconds;
    }
    if (bucket->tokens >= TOKEN_BURST) {
        bucket->tokens = TOKEN_BURST;
        bucket->violations = 0;
    }
    if (bucket->tokens >= 1) {
        bucket->tokens -= 1;
        return TOKEN_GRANTED;
    }
    return ++bucket->violations >= TOKEN_VIOLATIONS ? TOKEN_CLOSE : TOKEN_REFUSED;
}
