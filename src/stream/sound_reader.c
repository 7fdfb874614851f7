/* sound_reader.c — libsndfile behind three functions (see sound_reader.h). */
#include "stream/sound_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sound_reader {
    SNDFILE *file;
    int channels;
};

static int explain(auralis_message *why, int result, const char *text) {
    snprintf(why->place, sizeof why->place, "file");
    snprintf(why->text, sizeof why->text, "%s", text);
    return result;
}

static int check(const SF_INFO *info, auralis_message *why) {
    char text[128];
    if (info->channels > 2) {
        snprintf(text, sizeof text, "has %d channels; mono and stereo can be measured", info->channels);
        return explain(why, AURALIS_EUNSUPPORTED, text);
    }
    if (info->samplerate < 8000 || info->samplerate > 192000) {
        snprintf(text, sizeof text, "has a rate of %d Hz; 8000 to 192000 Hz can be measured",
                 info->samplerate);
        return explain(why, AURALIS_EUNSUPPORTED, text);
    }
    return AURALIS_OK;
}

int sound_reader_open(const char *path, struct sound_reader **out, struct sound_info *info,
                      auralis_message *why) {
    SF_INFO sf = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return explain(why, AURALIS_ENOENT, strerror(errno));
    SNDFILE *file = sf_open_fd(fd, SFM_READ, &sf, SF_TRUE); /* closes fd, even where it fails */
    if (!file) return explain(why, AURALIS_EFORMAT, sf_strerror(NULL));
    int result = check(&sf, why);
    struct sound_reader *reader = result < 0 ? NULL : malloc(sizeof *reader);
    if (!reader) {
        sf_close(file);
        return result < 0 ? result : explain(why, AURALIS_ENOMEM, "out of memory");
    }
    *reader = (struct sound_reader){file, sf.channels};
    *info =
        (struct sound_info){(uint32_t)sf.samplerate, sf.channels, sf.frames > 0 ? (uint64_t)sf.frames : 0};
    *out = reader;
    return AURALIS_OK;
}

size_t sound_reader_read(struct sound_reader *reader, float *audio, size_t frames) {
    sf_count_t got = sf_readf_float(reader->file, audio, (sf_count_t)frames);
    size_t count = got > 0 ? (size_t)got : 0;
    for (size_t i = count; reader->channels == 1 && i-- > 0;) audio[2 * i] = audio[2 * i + 1] = audio[i];
    return count;
}

void sound_reader_close(struct sound_reader *reader) {
    if (!reader) return;
    sf_close(reader->file);
    free(reader);
}
