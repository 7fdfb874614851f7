/* sound_card.c — playing through a sound card (see sound_card.h).
 *
 * PortAudio calls from a thread of its own, at moments it chooses, and must be answered at once. All that the
 * two sides share are the ring and three atomic words. Both fades live in the callback, since what has been
 * written already cannot be changed: Ctrl-C is heard as a fade now, not after the half second in the ring. */
#include "stream/sound_card.h"

#include <stdio.h>

#ifdef AURALIS_WITH_PORTAUDIO
#include "stream/frame_ring.h"

#include <fcntl.h>
#include <portaudio.h>
#include <time.h>
#include <unistd.h>

enum { CHANNELS = 2 };
static const double RING_SECONDS = 0.5, FADE_IN_SECONDS = 0.02, FADE_OUT_SECONDS = 0.2;

struct sound_card {
    PaStream *stream;
    uint32_t rate;
    struct frame_ring ring;
    atomic_bool fading, silent; /* asked for; reached */
    atomic_bool finished;       /* all of the piece is in the ring: an empty ring is no fault */
    _Atomic uint64_t underruns;
    float gain; /* of the callback alone */
};

/* ALSA and JACK tell stderr about every device they tried and did not find. That is for developers of ALSA.
 */
static int hush(void) {
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    fflush(stderr);
    if (kept >= 0 && null >= 0) dup2(null, STDERR_FILENO);
    if (null >= 0) close(null);
    return kept;
}

static void unhush(int kept) {
    if (kept < 0) return;
    dup2(kept, STDERR_FILENO);
    close(kept);
}

static bool begin(void) {
    int kept = hush();
    PaError error = Pa_Initialize();
    unhush(kept);
    return error == paNoError;
}

static void end(void) {
    int kept = hush();
    Pa_Terminate();
    unhush(kept);
}

bool sound_card_available(void) {
    return true;
}

int sound_card_list(void (*each)(void *self, const struct sound_device *device), void *self) {
    int count = 0;
    if (!begin()) return 0;
    for (int i = 0; i < Pa_GetDeviceCount(); i++) {
        const PaDeviceInfo *info = Pa_GetDeviceInfo(i);
        if (!info || info->maxOutputChannels < CHANNELS) continue;
        struct sound_device device = {.number = i,
                                      .name = info->name,
                                      .host = Pa_GetHostApiInfo(info->hostApi)->name,
                                      .rate = info->defaultSampleRate,
                                      .usual = i == Pa_GetDefaultOutputDevice()};
        each(self, &device);
        count++;
    }
    end();
    return count;
}

/* One step of the gain towards where it should be. */
static float step_gain(struct sound_card *card, bool fading) {
    float step = 1.0f / (float)((fading ? FADE_OUT_SECONDS : FADE_IN_SECONDS) * card->rate);
    float gain = fading ? card->gain - step : card->gain + step;
    card->gain = gain < 0 ? 0 : gain > 1 ? 1 : gain;
    return card->gain * card->gain;
}

static int play(const void *input, void *output, unsigned long frames, const PaStreamCallbackTimeInfo *time,
                PaStreamCallbackFlags flags, void *self) {
    struct sound_card *card = self;
    float *out = output;
    (void)input, (void)time, (void)flags;
    uint64_t filled = frame_ring_filled(&card->ring), count = filled < frames ? filled : frames;
    bool fading = atomic_load(&card->fading);
    frame_ring_copy(&card->ring, atomic_load(&card->ring.tail), out, (uint32_t)count);
    frame_ring_consume(&card->ring, count);
    for (uint64_t i = 0; i < count; i++) {
        float gain = step_gain(card, fading);
        out[CHANNELS * i] *= gain;
        out[CHANNELS * i + 1] *= gain;
    }
    memset(out + CHANNELS * count, 0, (frames - count) * CHANNELS * sizeof *out);
    if (count < frames) {
        card->gain = 0; /* the next frames come in softly */
        if (!fading && !atomic_load(&card->finished)) atomic_fetch_add(&card->underruns, 1);
    }
    if (fading && card->gain <= 0) atomic_store(&card->silent, true);
    return paContinue;
}

static int explain(auralis_message *why, int result, const char *text) {
    snprintf(why->place, sizeof why->place, "sound card");
    snprintf(why->text, sizeof why->text, "%s", text);
    return result;
}

static int choose(int number, PaDeviceIndex *device, auralis_message *why) {
    *device = number < 0 ? Pa_GetDefaultOutputDevice() : number;
    if (number < 0 && *device == paNoDevice)
        return explain(why, AURALIS_ENOENT, "this machine has no sound card that plays");
    const PaDeviceInfo *info = *device < Pa_GetDeviceCount() ? Pa_GetDeviceInfo(*device) : NULL;
    if (!info || info->maxOutputChannels < CHANNELS)
        return explain(why, AURALIS_ENOENT, "there is no such device; auralis devices lists them");
    return AURALIS_OK;
}

static uint32_t usual_rate(PaDeviceIndex device) {
    double rate = Pa_GetDeviceInfo(device)->defaultSampleRate;
    return rate == 44100 || rate == 96000 ? (uint32_t)rate : 48000;
}

static int open_stream(struct sound_card *card, PaDeviceIndex device, auralis_message *why) {
    PaStreamParameters parameters = {.device = device,
                                     .channelCount = CHANNELS,
                                     .sampleFormat = paFloat32,
                                     .suggestedLatency = Pa_GetDeviceInfo(device)->defaultHighOutputLatency};
    int kept = hush();
    PaError error = Pa_OpenStream(&card->stream, NULL, &parameters, card->rate, paFramesPerBufferUnspecified,
                                  paNoFlag, play, card);
    unhush(kept);
    return error == paNoError ? AURALIS_OK : explain(why, AURALIS_EUNSUPPORTED, Pa_GetErrorText(error));
}

int sound_card_open(int number, uint32_t rate, struct sound_card **out, auralis_message *why) {
    PaDeviceIndex device;
    if (!begin()) return explain(why, AURALIS_ENOENT, "this machine has no sound system");
    struct sound_card *card = calloc(1, sizeof *card);
    int result = card ? choose(number, &device, why) : explain(why, AURALIS_ENOMEM, "out of memory");
    if (result == AURALIS_OK) {
        card->rate = rate ? rate : usual_rate(device);
        if (!frame_ring_init(&card->ring, (uint32_t)(RING_SECONDS * card->rate), false))
            result = explain(why, AURALIS_ENOMEM, "out of memory");
    }
    if (result == AURALIS_OK) result = open_stream(card, device, why);
    if (result == AURALIS_OK) {
        *out = card;
        return AURALIS_OK;
    }
    if (card) frame_ring_release(&card->ring);
    free(card);
    end();
    return result;
}

uint32_t sound_card_rate(const struct sound_card *card) {
    return card->rate;
}

size_t sound_card_room(const struct sound_card *card) {
    return card->ring.capacity - (size_t)frame_ring_filled(&card->ring);
}

void sound_card_write(struct sound_card *card, const float *audio, size_t frames) {
    frame_ring_write(&card->ring, audio, (uint32_t)frames);
}

int sound_card_start(struct sound_card *card, auralis_message *why) {
    int kept = hush();
    PaError error = Pa_StartStream(card->stream);
    unhush(kept);
    return error == paNoError ? AURALIS_OK : explain(why, AURALIS_EUNSUPPORTED, Pa_GetErrorText(error));
}

bool sound_card_wait(const struct sound_card *card) {
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    return Pa_IsStreamActive(card->stream) == 1;
}

bool sound_card_fade(struct sound_card *card) {
    atomic_store(&card->fading, true);
    return atomic_load(&card->silent);
}

bool sound_card_drained(struct sound_card *card) {
    atomic_store(&card->finished, true);
    return frame_ring_filled(&card->ring) == 0;
}

uint64_t sound_card_underruns(const struct sound_card *card) {
    return atomic_load(&card->underruns);
}

void sound_card_close(struct sound_card *card) {
    if (!card) return;
    int kept = hush();
    Pa_StopStream(card->stream); /* plays what the card holds already */
    Pa_CloseStream(card->stream);
    unhush(kept);
    end();
    frame_ring_release(&card->ring);
    free(card);
}

#else

static int refuse(auralis_message *why) {
    snprintf(why->place, sizeof why->place, "sound card");
    snprintf(why->text, sizeof why->text, "this build has no PortAudio (see auralis --version)");
    return AURALIS_EUNSUPPORTED;
}

bool sound_card_available(void) {
    return false;
}
int sound_card_list(void (*each)(void *self, const struct sound_device *device), void *self) {
    (void)each, (void)self;
    return AURALIS_EUNSUPPORTED;
}
int sound_card_open(int number, uint32_t rate, struct sound_card **out, auralis_message *why) {
    (void)number, (void)rate, (void)out;
    return refuse(why);
}
uint32_t sound_card_rate(const struct sound_card *card) {
    (void)card;
    return 48000;
}
size_t sound_card_room(const struct sound_card *card) {
    (void)card;
    return 0;
}
void sound_card_write(struct sound_card *card, const float *audio, size_t frames) {
    (void)card, (void)audio, (void)frames;
}
int sound_card_start(struct sound_card *card, auralis_message *why) {
    (void)card;
    return refuse(why);
}
bool sound_card_wait(const struct sound_card *card) {
    (void)card;
    return false;
}
bool sound_card_fade(struct sound_card *card) {
    (void)card;
    return true;
}
bool sound_card_drained(struct sound_card *card) {
    (void)card;
    return true;
}
uint64_t sound_card_underruns(const struct sound_card *card) {
    (void)card;
    return 0;
}
void sound_card_close(struct sound_card *card) {
    (void)card;
}

#endif
