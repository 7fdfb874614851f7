/* sound_card.h — playing through a sound card (PortAudio).
 *
 * One thread writes, the card's callback reads, and between them lies a ring of half a second. The callback
 * neither locks nor waits: where the ring is empty it plays silence and counts. All functions: one thread at
 * a time. */
#ifndef AURALIS_STREAM_SOUND_CARD_H
#define AURALIS_STREAM_SOUND_CARD_H

#include <auralis/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sound_card;

struct sound_device {
    int number;       /* for sound_card_open */
    const char *name; /* valid during the call */
    const char *host; /* "ALSA" */
    double rate;      /* Hz that it prefers */
    bool usual;       /* the system's default */
};

/* Whether this build has PortAudio. */
bool sound_card_available(void);

/* Tells `each` about every device with two outputs; returns how many, or AURALIS_EUNSUPPORTED. */
int sound_card_list(void (*each)(void *self, const struct sound_device *device), void *self);

/* Opens device `number`, or the default for −1, silent until sound_card_start. `rate` 0: what the device
 * prefers if Auralis renders it, else 48,000 Hz. AURALIS_ENOENT (no such device, or none at all) or
 * AURALIS_EUNSUPPORTED (it refuses the rate or this build has no PortAudio), AURALIS_ENOMEM; `why->text` says
 * it. */
int sound_card_open(int number, uint32_t rate, struct sound_card **out, auralis_message *why);

uint32_t sound_card_rate(const struct sound_card *card);

/* Frames that can be written now. */
size_t sound_card_room(const struct sound_card *card);

/* Appends interleaved stereo frames, at most sound_card_room. */
void sound_card_write(struct sound_card *card, const float *audio, size_t frames);

/* Starts playing, faded in within 20 ms. 0, or AURALIS_EUNSUPPORTED with the reason. */
int sound_card_start(struct sound_card *card, auralis_message *why);

/* Waits a few milliseconds, less if a signal arrives. False if the card has gone away. */
bool sound_card_wait(const struct sound_card *card);

/* From now on fades out, within 200 ms, and then is silent. True once it is. */
bool sound_card_fade(struct sound_card *card);

/* Nothing more will be written: true when all that was has gone to the card. */
bool sound_card_drained(struct sound_card *card);

/* How often the ring was empty. */
uint64_t sound_card_underruns(const struct sound_card *card);

/* Stops and frees. NULL is fine. */
void sound_card_close(struct sound_card *card);

#endif
