/* sound_reader.h — reading a sound file of any kind that libsndfile knows, as stereo float32. One thread. */
#ifndef AURALIS_STREAM_SOUND_READER_H
#define AURALIS_STREAM_SOUND_READER_H

#include <auralis/error.h>

#include <stddef.h>
#include <stdint.h>

struct sound_reader; /* opaque */

struct sound_info {
    uint32_t rate;
    int channels;    /* 1 or 2, as the file has them */
    uint64_t frames; /* that the file says it has */
};

/* Opens the file at `path`. AURALIS_ENOENT (cannot be read), AURALIS_EFORMAT (no sound file),
 * AURALIS_EUNSUPPORTED (more than two channels, a rate outside 8,000–192,000 Hz), AURALIS_ENOMEM; `why->text`
 * says it. */
int sound_reader_open(const char *path, struct sound_reader **out, struct sound_info *info,
                      auralis_message *why);

/* The next frames, interleaved stereo; mono stands in both channels. Fewer than asked for only at the end. */
size_t sound_reader_read(struct sound_reader *reader, float *audio, size_t frames);

void sound_reader_close(struct sound_reader *reader); /* NULL is fine */

#endif
