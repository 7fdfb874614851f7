/* crew.h — several threads for one known score.
 *
 *     struct crew *crew = crew_open(stream, frames, threads);
 *     crew_read(crew, out, some); …                where crew is NULL, auralis_stream_read
 *     crew_close(crew);                            before the stream */
#ifndef AURALIS_STREAM_CREW_H
#define AURALIS_STREAM_CREW_H

#include <auralis/render.h>

struct crew;

/* Takes over a stream that plays a score from its first frame, of which nothing was read yet, to deliver
 * `frames` frames of it; nothing may change it any more, and afterwards it is good for closing only. The
 * score must not change meanwhile. The caller's thread is one of `threads`. NULL where one thread does as
 * well (a few seconds), where the stream sounds on a GPU or starts elsewhere, and without memory or threads.
 */
struct crew *crew_open(auralis_stream *stream, uint64_t frames, int threads);
void crew_close(struct crew *crew); /* NULL is fine */

/* The next `frames` frames: the samples of auralis_stream_read, bit for bit. Blocks. Without effects long
 * pieces (seconds) are what the threads share well; with effects they work ahead. */
void crew_read(struct crew *crew, float *out, size_t frames);

/* auralis_render_score with so many threads. */
int crew_render_score(auralis_score *score, const auralis_render_config *config, int threads, float *out,
                      uint64_t frames);

#endif
