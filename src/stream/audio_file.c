/* audio_file.c — writing a rendering to a file or a pipe (see audio_file.h).
 *
 * 16 bits are dithered (pcm16.h); 24 bits are below any converter's own noise and are rounded. */
#include "stream/audio_file.h"
#include "base/exact.h"
#include "stream/output_file.h"
#include "synth/pcm16.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#ifdef AURALIS_WITH_SNDFILE
#include <sndfile.h>
#endif

enum { BATCH = 1024, CHANNELS = 2 };

struct audio_file {
    struct audio_file_spec spec;
    struct output_file out;
    int error;         /* errno of the first write that failed, 0 so far */
    uint64_t position; /* frame of the piece: the dither's counter */
    uint64_t dither_key;
#ifdef AURALIS_WITH_SNDFILE
    SNDFILE *sound; /* NULL for WAV */
#endif
    union {
        unsigned char bytes[BATCH * CHANNELS * 4];
        int16_t shorts[BATCH * CHANNELS];
        int32_t ints[BATCH * CHANNELS];
    } batch;
};

static const struct container {
    const char *name, *title;
    const char *suffixes[3];
    uint32_t rates[4];
    uint32_t bitrate_low, bitrate_high, bitrate;
    int encoding;
} CONTAINERS[AUDIO_CONTAINERS] = {
    [AUDIO_WAV] = {"wav", "WAV", {".wav", ".wave"}, {44100, 48000, 96000}, 0, 0, 0, AUDIO_FLOAT},
    [AUDIO_FLAC] = {"flac", "FLAC", {".flac"}, {44100, 48000, 96000}, 0, 0, 0, AUDIO_INT24},
    [AUDIO_OPUS] = {"opus", "Ogg Opus", {".opus", ".ogg", ".oga"}, {48000}, 32, 510, 160, AUDIO_DEFAULT},
    [AUDIO_MP3] = {"mp3", "MP3", {".mp3"}, {44100, 48000}, 64, 320, 256, AUDIO_DEFAULT},
};

static int explain(auralis_message *why, int result, const char *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int explain(auralis_message *why, int result, const char *place, const char *format, ...) {
    va_list args;
    va_start(args, format);
    snprintf(why->place, sizeof why->place, "%s", place);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return result;
}

static int explain_error(auralis_message *why, int error) {
    return explain(why, error == ENOMEM ? AURALIS_ENOMEM : AUDIO_FILE_EIO, "file", "%s", strerror(error));
}

int audio_file_container(const char *path) {
    if (!strcmp(path, "-")) return AUDIO_WAV;
    const char *slash = strrchr(path, '/'), *suffix = strrchr(slash ? slash : path, '.');
    for (int i = 0; suffix && i < AUDIO_CONTAINERS; i++)
        for (int k = 0; k < 3 && CONTAINERS[i].suffixes[k]; k++)
            if (!strcasecmp(suffix, CONTAINERS[i].suffixes[k])) return i;
    return AURALIS_ENOENT;
}

const char *audio_container_name(int container) {
    return CONTAINERS[container].name;
}

#ifdef AURALIS_WITH_SNDFILE
static int sound_format(int container, int encoding) {
    switch (container) {
    case AUDIO_FLAC:
        return SF_FORMAT_FLAC | (encoding == AUDIO_INT16 ? SF_FORMAT_PCM_16 : SF_FORMAT_PCM_24);
    case AUDIO_OPUS:
        return SF_FORMAT_OGG | SF_FORMAT_OPUS;
    default:
        return SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III;
    }
}
#endif

bool audio_file_available(int container) {
    if (container == AUDIO_WAV) return true;
#ifdef AURALIS_WITH_SNDFILE
    SF_INFO info = {
        .samplerate = 48000, .channels = CHANNELS, .format = sound_format(container, AUDIO_DEFAULT)};
    return sf_format_check(&info);
#else
    return false;
#endif
}

static int check_rate(const struct container *c, uint32_t rate, auralis_message *why) {
    char list[64] = "";
    for (int i = 0; c->rates[i]; i++) {
        if (c->rates[i] == rate) return 0;
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%u",
                 !i                ? ""
                 : c->rates[i + 1] ? ", "
                                   : " and ",
                 c->rates[i]);
    }
    return explain(why, AURALIS_EUNSUPPORTED, "rate", "%s does not take %u Hz; it takes %s Hz", c->title,
                   rate, list);
}

int audio_file_check(struct audio_file_spec *spec, auralis_message *why) {
    const struct container *c = &CONTAINERS[spec->container];
    if (!audio_file_available(spec->container))
        return explain(why, AURALIS_EUNSUPPORTED, "output",
                       "this build cannot write %s (see auralis --version); WAV it can", c->title);
    int result = check_rate(c, spec->rate, why);
    if (result < 0) return result;
    if (spec->encoding != AUDIO_DEFAULT && c->encoding == AUDIO_DEFAULT)
        return explain(why, AURALIS_EINVAL, "format", "%s has no sample format of its own; leave it out",
                       c->title);
    if (spec->container == AUDIO_FLAC && spec->encoding == AUDIO_FLOAT)
        return explain(why, AURALIS_EINVAL, "format", "FLAC has no float; it takes 16 and 24");
    if (spec->bitrate && !c->bitrate)
        return explain(why, AURALIS_EINVAL, "bitrate", "%s is lossless and has none; leave it out", c->title);
    if (spec->bitrate && (spec->bitrate < c->bitrate_low || spec->bitrate > c->bitrate_high))
        return explain(why, AURALIS_EINVAL, "bitrate", "%s takes %u to %u kbit/s", c->title, c->bitrate_low,
                       c->bitrate_high);
    if (spec->encoding == AUDIO_DEFAULT) spec->encoding = c->encoding;
    if (!spec->bitrate) spec->bitrate = c->bitrate;
    return 0;
}

static unsigned char *put_text(unsigned char *at, const char *text) {
    memcpy(at, text, 4);
    return at + 4;
}

static unsigned char *put_little(unsigned char *at, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) *at++ = (unsigned char)(value >> 8 * i);
    return at;
}

static unsigned sample_bytes(int encoding) {
    return encoding == AUDIO_INT16 ? 2 : encoding == AUDIO_INT24 ? 3 : 4;
}

/* A stereo frame has an even number of bytes, so that no chunk needs padding. RIFF WAVE as in Microsoft's
 * "Multiple channel audio data and WAVE files"; RF64 as in EBU Tech 3306. Returns its size. */
static size_t wav_header(const struct audio_file_spec *spec, unsigned char out[128]) {
    unsigned bytes = sample_bytes(spec->encoding), frame = bytes * CHANNELS;
    bool is_float = spec->encoding == AUDIO_FLOAT;
    uint64_t data = spec->frames * frame, head = 4 + 8 + (is_float ? 18 + 12 : 16) + 8;
    bool long_file = head + data > UINT32_MAX;
    unsigned char *at = out;
    if (long_file) head += 8 + 28;
    at = put_text(at, long_file ? "RF64" : "RIFF");
    at = put_little(at, long_file ? UINT32_MAX : head + data, 4);
    at = put_text(at, "WAVE");
    if (long_file) {
        at = put_little(put_text(at, "ds64"), 28, 4);
        at = put_little(at, head + data, 8);
        at = put_little(at, data, 8);
        at = put_little(at, spec->frames, 8);
        at = put_little(at, 0, 4);
    }
    at = put_little(put_text(at, "fmt "), is_float ? 18 : 16, 4);
    at = put_little(at, is_float ? 3 : 1, 2);
    at = put_little(at, CHANNELS, 2);
    at = put_little(at, spec->rate, 4);
    at = put_little(at, (uint64_t)spec->rate * frame, 4);
    at = put_little(at, frame, 2);
    at = put_little(at, bytes * 8, 2);
    if (is_float) {
        at = put_little(at, 0, 2);
        at = put_little(put_text(at, "fact"), 4, 4);
        at = put_little(at, long_file ? UINT32_MAX : spec->frames, 4);
    }
    at = put_little(put_text(at, "data"), long_file ? UINT32_MAX : data, 4);
    return (size_t)(at - out);
}

/* Stores the first errno and reports it. */
static int put_bytes(struct audio_file *f, const void *bytes, size_t size) {
    if (!f->error) f->error = output_file_write(&f->out, bytes, size);
    return f->error;
}

#ifdef AURALIS_WITH_SNDFILE
/* libsndfile's way to the file: through output_file, so that the errno of a failed write is not lost. */
static sf_count_t sound_size(void *self) {
    struct audio_file *f = self;
    off_t here = lseek(f->out.fd, 0, SEEK_CUR), end = lseek(f->out.fd, 0, SEEK_END);
    lseek(f->out.fd, here, SEEK_SET);
    return end;
}
static sf_count_t sound_seek(sf_count_t offset, int whence, void *self) {
    return lseek(((struct audio_file *)self)->out.fd, offset, whence);
}
static sf_count_t sound_read(void *bytes, sf_count_t size, void *self) {
    return read(((struct audio_file *)self)->out.fd, bytes, (size_t)size);
}
static sf_count_t sound_write(const void *bytes, sf_count_t size, void *self) {
    return put_bytes(self, bytes, (size_t)size) ? 0 : size;
}
static sf_count_t sound_tell(void *self) {
    return lseek(((struct audio_file *)self)->out.fd, 0, SEEK_CUR);
}

/* libsndfile takes a quality from 0 (best) to 1 and makes its own bit rate of it: 6 to 256 kbit/s a channel
 * for Opus, 32 to 320 for MP3 above 32 kHz. */
static void set_bitrate(struct audio_file *f) {
    double kbps = f->spec.bitrate, level = (320 - kbps) / (320 - 32);
    int mode = SF_BITRATE_MODE_AVERAGE;
    if (f->spec.container == AUDIO_OPUS) level = (256 - kbps / CHANNELS) / (256 - 6);
    if (f->spec.container == AUDIO_MP3) sf_command(f->sound, SFC_SET_BITRATE_MODE, &mode, sizeof mode);
    sf_command(f->sound, SFC_SET_COMPRESSION_LEVEL, &level, sizeof level);
}

static int open_sound(struct audio_file *f, auralis_message *why) {
    SF_VIRTUAL_IO io = {sound_size, sound_seek, sound_read, sound_write, sound_tell};
    SF_INFO info = {.samplerate = (int)f->spec.rate,
                    .channels = CHANNELS,
                    .format = sound_format(f->spec.container, f->spec.encoding)};
    f->sound = sf_open_virtual(&io, SFM_WRITE, &info, f);
    if (!f->sound)
        return f->error ? explain_error(why, f->error)
                        : explain(why, AUDIO_FILE_EIO, "file", "%s", sf_strerror(NULL));
    if (f->spec.bitrate) set_bitrate(f);
    return 0;
}
#endif

static int begin(struct audio_file *f, auralis_message *why) {
    if (f->spec.container == AUDIO_WAV) {
        unsigned char header[128];
        int error = put_bytes(f, header, wav_header(&f->spec, header));
        return error ? explain_error(why, error) : 0;
    }
    if (f->out.direct)
        return explain(why, AURALIS_EINVAL, "output", "%s needs a file; pipes and devices take WAV",
                       CONTAINERS[f->spec.container].title);
#ifdef AURALIS_WITH_SNDFILE
    return open_sound(f, why);
#else
    return explain(why, AURALIS_EUNSUPPORTED, "output", "this build writes WAV only");
#endif
}

int audio_file_open(const struct audio_file_spec *spec, struct audio_file **out, auralis_message *why) {
    struct audio_file *f = calloc(1, sizeof *f);
    if (!f) return explain_error(why, ENOMEM);
    f->spec = *spec;
    f->position = spec->position;
    f->dither_key = pcm16_key(spec->dither);
    int error = output_file_open(&f->out, spec->path);
    int result = error ? explain_error(why, error) : begin(f, why);
    if (result < 0) {
        audio_file_discard(f);
        return result;
    }
    *out = f;
    return 0;
}

static int32_t quantise(double x, double limit) {
    x = exact_floor(x + 0.5);
    return (int32_t)(x > limit - 1 ? limit - 1 : x < -limit ? -limit : x);
}

static void to_int16(const struct audio_file *f, int16_t *out, const float *audio, size_t frames) {
    pcm16_convert(out, audio, frames, f->dither_key, f->position);
}

static int write_wav(struct audio_file *f, const float *audio, size_t frames) {
    unsigned char *at = f->batch.bytes;
    int16_t shorts[BATCH * CHANNELS] = {0};
    if (f->spec.encoding == AUDIO_INT16) to_int16(f, shorts, audio, frames);
    for (size_t i = 0; i < frames * CHANNELS; i++) switch (f->spec.encoding) {
        case AUDIO_INT16:
            at = put_little(at, (uint64_t)shorts[i], 2);
            break;
        case AUDIO_INT24:
            at = put_little(at, (uint64_t)quantise((double)audio[i] * 8388608, 8388608), 3);
            break;
        default: {
            uint32_t bits;
            memcpy(&bits, &audio[i], sizeof bits);
            at = put_little(at, bits, 4);
        }
        }
    return put_bytes(f, f->batch.bytes, (size_t)(at - f->batch.bytes));
}

#ifdef AURALIS_WITH_SNDFILE
static int write_sound(struct audio_file *f, const float *audio, size_t frames) {
    sf_count_t count = (sf_count_t)frames, done;
    if (f->spec.encoding == AUDIO_INT16) {
        to_int16(f, f->batch.shorts, audio, frames);
        done = sf_writef_short(f->sound, f->batch.shorts, count);
    } else if (f->spec.encoding == AUDIO_INT24) {
        for (size_t i = 0; i < frames * CHANNELS; i++)
            f->batch.ints[i] = quantise((double)audio[i] * 8388608, 8388608) * 256;
        done = sf_writef_int(f->sound, f->batch.ints, count);
    } else {
        done = sf_writef_float(f->sound, audio, count);
    }
    if (done != count && !f->error) f->error = EIO;
    return f->error;
}
#endif

static int write_batch(struct audio_file *f, const float *audio, size_t frames) {
#ifdef AURALIS_WITH_SNDFILE
    if (f->sound) return write_sound(f, audio, frames);
#endif
    return write_wav(f, audio, frames);
}

int audio_file_write(struct audio_file *f, const float *audio, size_t frames, auralis_message *why) {
    while (frames) {
        size_t count = frames < BATCH ? frames : BATCH;
        int error = write_batch(f, audio, count);
        if (error) return explain_error(why, error);
        f->position += count;
        audio += count * CHANNELS;
        frames -= count;
    }
    return 0;
}

int audio_file_close(struct audio_file *f, auralis_message *why) {
#ifdef AURALIS_WITH_SNDFILE
    if (f->sound && sf_close(f->sound) && !f->error) f->error = EIO;
    f->sound = NULL;
#endif
    int error = f->error;
    if (error)
        output_file_discard(&f->out);
    else
        error = output_file_commit(&f->out);
    free(f);
    return error ? explain_error(why, error) : 0;
}

void audio_file_discard(struct audio_file *f) {
    if (!f) return;
#ifdef AURALIS_WITH_SNDFILE
    if (f->sound) sf_close(f->sound);
#endif
    output_file_discard(&f->out);
    free(f);
}
