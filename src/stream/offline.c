/* offline.c — rendering a stream as fast as the machine can (see offline.h).
 *
 * With two threads, rendering and encoding overlap: one thread renders into a short queue of chunks, the
 * caller's thread writes them. A lock guards the queue; it is taken twice a chunk, some ten times a second of
 * audio. A written score may have a crew of threads for the rendering thread to call on (crew.h); a stream
 * itself is always advanced by one thread and in the same steps, so the samples cannot depend on the threads.
 */
#include "stream/offline.h"
#include "stream/crew.h"
#include "synth/known.h"

#include <pthread.h>
#include <stdlib.h>

enum { CHUNK = 128 * AURALIS_BLOCK, CREW_CHUNK = 16 * CHUNK, QUEUE = 4 };

struct queue {
    const struct offline_job *job;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t rendered, written; /* chunks */
    int result;                 /* of rendering */
    bool stop;                  /* the writer gave up */
    float *audio[QUEUE];
};

/* Frames of a chunk: enough for all of a crew to have something of each. */
static uint64_t whole_chunk(const struct offline_job *job) {
    return job->crew ? CREW_CHUNK : CHUNK;
}

static size_t chunk_frames(const struct offline_job *job, uint64_t chunk) {
    uint64_t left = job->frames - chunk * whole_chunk(job);
    return left < whole_chunk(job) ? (size_t)left : whole_chunk(job);
}

static uint64_t chunks(const struct offline_job *job) {
    return (job->frames + whole_chunk(job) - 1) / whole_chunk(job);
}

static float peak_of(const float *audio, size_t frames, float peak) {
    for (size_t i = 0; i < frames * AURALIS_CHANNELS; i++) {
        float magnitude = audio[i] < 0 ? -audio[i] : audio[i];
        if (magnitude > peak) peak = magnitude;
    }
    return peak;
}

static int deliver(const struct offline_job *job, const float *audio, uint64_t chunk, float *peak) {
    size_t frames = chunk_frames(job, chunk);
    int result = job->write(job->self, audio, frames);
    if (result < 0) return result;
    *peak = peak_of(audio, frames, *peak);
    return job->progress(job->self, chunk * whole_chunk(job) + frames, *peak) ? 0 : OFFLINE_STOPPED;
}

static int render_chunk(const struct offline_job *job, float *audio, uint64_t chunk) {
    size_t frames = chunk_frames(job, chunk);
    if (job->crew) return crew_read(job->crew, audio, frames), AURALIS_OK;
    return job->known ? known_read(job->known, audio, frames)
                      : auralis_stream_read(job->stream, audio, frames);
}

static int render_in_turns(const struct offline_job *job) {
    float *audio = malloc(whole_chunk(job) * AURALIS_CHANNELS * sizeof *audio), peak = 0;
    if (!audio) return AURALIS_ENOMEM;
    int result = 0;
    for (uint64_t chunk = 0; chunk < chunks(job) && !result; chunk++) {
        result = render_chunk(job, audio, chunk);
        if (!result) result = deliver(job, audio, chunk, &peak);
    }
    free(audio);
    return result;
}

/* The rendering thread. */
static void *fill(void *self) {
    struct queue *q = self;
    uint64_t end = chunks(q->job);
    for (uint64_t chunk = 0; chunk < end; chunk++) {
        pthread_mutex_lock(&q->lock);
        while (!q->stop && chunk - q->written == QUEUE) pthread_cond_wait(&q->changed, &q->lock);
        bool stop = q->stop;
        pthread_mutex_unlock(&q->lock);
        if (stop) break;
        int result = render_chunk(q->job, q->audio[chunk % QUEUE], chunk);
        pthread_mutex_lock(&q->lock);
        q->rendered = chunk + 1;
        q->result = result;
        pthread_cond_signal(&q->changed);
        pthread_mutex_unlock(&q->lock);
        if (result < 0) break;
    }
    return NULL;
}

/* The caller's side: writes chunks as they come. */
static int drain(struct queue *q) {
    uint64_t end = chunks(q->job);
    float peak = 0;
    int result = 0;
    for (uint64_t chunk = 0; chunk < end && !result; chunk++) {
        pthread_mutex_lock(&q->lock);
        while (q->rendered == chunk) pthread_cond_wait(&q->changed, &q->lock);
        if (q->result < 0 && q->rendered == chunk + 1) result = q->result;
        pthread_mutex_unlock(&q->lock);
        if (!result) result = deliver(q->job, q->audio[chunk % QUEUE], chunk, &peak);
        pthread_mutex_lock(&q->lock);
        q->written = chunk + 1;
        q->stop = result != 0;
        pthread_cond_signal(&q->changed);
        pthread_mutex_unlock(&q->lock);
    }
    return result;
}

static int render_overlapped(const struct offline_job *job, struct queue *q) {
    pthread_t renderer;
    if (pthread_create(&renderer, NULL, fill, q)) return render_in_turns(job);
    int result = drain(q);
    pthread_join(renderer, NULL);
    return result;
}

int offline_render(const struct offline_job *job) {
    if (job->threads < 2 || job->frames <= whole_chunk(job)) return render_in_turns(job);
    struct queue q = {.job = job, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    float *audio = malloc(QUEUE * whole_chunk(job) * AURALIS_CHANNELS * sizeof *audio);
    if (!audio) return AURALIS_ENOMEM;
    for (size_t i = 0; i < QUEUE; i++) q.audio[i] = audio + i * whole_chunk(job) * AURALIS_CHANNELS;
    int result = render_overlapped(job, &q);
    free(audio);
    pthread_cond_destroy(&q.changed);
    pthread_mutex_destroy(&q.lock);
    return result;
}
