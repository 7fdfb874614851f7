/* audio_file.h — writing a rendering to a file or a pipe.
 *
 * WAV is our own few bytes: the length is known before the first sample, so that the header needs no seeking
 * and a pipe gets the same bytes as a file (RF64 above 4 GiB). FLAC, Ogg Opus and MP3 go through libsndfile,
 * where the build has it.
 *
 * A file appears under its name only when it is whole: it is written beside it and renamed by
 * audio_file_close. One thread at a time. */
#ifndef AURALIS_STREAM_AUDIO_FILE_H
#define AURALIS_STREAM_AUDIO_FILE_H

#include <auralis/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum audio_container { AUDIO_WAV, AUDIO_FLAC, AUDIO_OPUS, AUDIO_MP3, AUDIO_CONTAINERS };
enum audio_encoding { AUDIO_DEFAULT, AUDIO_INT16, AUDIO_INT24, AUDIO_FLOAT };

/* The system refused (disk full, no such folder, …): beside the codes of auralis/error.h. */
enum { AUDIO_FILE_EIO = -100 };

/* Zero-initialise. */
struct audio_file_spec {
    const char *path; /* "-": standard output, as WAV */
    int container;    /* enum audio_container; audio_file_container finds it by suffix */
    int encoding;    /* enum audio_encoding; default: float for WAV, 24 bit for FLAC, none for Opus and MP3 */
    uint32_t rate;   /* Hz */
    uint64_t frames; /* stereo frames that will be written */
    uint32_t bitrate; /* kbit/s on average, Opus 32–510 and MP3 64–320; default 160 and 256 */
    uint64_t dither;  /* seed of the 16-bit dither, … */
    uint64_t
        position; /* … and the frame of the piece that the file begins with: excerpts get the same noise */
};

struct audio_file;

/* "out.flac" → AUDIO_FLAC; "-" → AUDIO_WAV; AURALIS_ENOENT for a suffix that is none of them. */
int audio_file_container(const char *path);
const char *audio_container_name(int container); /* "flac" */

/* Whether this build writes the container. */
bool audio_file_available(int container);

/* 0, or AURALIS_EINVAL / AURALIS_EUNSUPPORTED with the reason and what is allowed: nothing is touched. Fills
 * in the defaults. */
int audio_file_check(struct audio_file_spec *spec, auralis_message *why);

/* Opens the file for a checked specification. AUDIO_FILE_EIO, AURALIS_ENOMEM. */
int audio_file_open(const struct audio_file_spec *spec, struct audio_file **out, auralis_message *why);

/* Appends interleaved stereo frames. */
int audio_file_write(struct audio_file *file, const float *audio, size_t frames, auralis_message *why);

/* Finishes, puts the file under its name and frees `file`; on failure nothing is left behind. */
int audio_file_close(struct audio_file *file, auralis_message *why);

/* Removes what was written and frees `file`. NULL is fine. */
void audio_file_discard(struct audio_file *file);

#endif
