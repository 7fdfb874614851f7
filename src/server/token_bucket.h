/* token_bucket.h — how often somebody may do something: a burst of ten, then ten a second; who is refused
 * three times is shown the door (close code 1008). What was refused is forgotten once the bucket has been
 * full again. Pure. */
#ifndef AURALIS_SERVER_TOKEN_BUCKET_H
#define AURALIS_SERVER_TOKEN_BUCKET_H

#include <stdint.h>

enum { TOKEN_BURST = 10, TOKEN_RATE = 10, TOKEN_VIOLATIONS = 3 };
enum token_verdict { TOKEN_GRANTED, TOKEN_REFUSED, TOKEN_CLOSE };

struct token_bucket {
    double tokens, last; /* last: seconds */
    uint32_t violations;
};

void token_bucket_begin(struct token_bucket *bucket, double now_seconds); /* full */
/* Takes one at `now_seconds` of a clock that never goes back. */
int token_bucket_take(struct token_bucket *bucket, double now_seconds);

#endif
