/* midi_events.h — the events of a Standard MIDI File, all tracks merged, in order of time. */
#ifndef AURALIS_MUSIC_MIDI_EVENTS_H
#define AURALIS_MUSIC_MIDI_EVENTS_H

#include <auralis/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values of midi_event.status beside the channel messages 0x80–0xef. */
enum { MIDI_TEMPO = 0x51, MIDI_END_OF_TRACK = 0x2f };

struct midi_event {
    uint64_t tick;
    size_t at;       /* offset of the event in the file, for messages */
    uint8_t status;  /* channel message, MIDI_TEMPO or MIDI_END_OF_TRACK */
    uint8_t data[2]; /* of a channel message, each 0–127 */
    uint32_t tempo;  /* microseconds a beat, ≥ 1, of MIDI_TEMPO */
};

struct midi_track {
    uint64_t tick;  /* of the event at `at` */
    size_t at, end; /* offsets in the file */
    uint32_t number;
    uint8_t running; /* running status, 0: none yet */
    bool over;       /* its data end here, without an end-of-track event */
};

struct midi_file {
    const uint8_t *bytes;
    size_t size;
    struct midi_track *track; /* a heap: track[0] has the earliest event */
    uint32_t tracks;          /* that are not at their end */
    uint32_t ticks;           /* a beat, or a frame if frame_rate */
    uint32_t frame_rate;      /* SMPTE frames a second: 24, 25, 29 (for 29.97), 30; 0: ticks count beats */
};

/* Opens a file in memory, which must stay until midi_close. Reads the header and finds the tracks, in a plain
 * file or inside a RIFF one.
 * AURALIS_EFORMAT, AURALIS_EUNSUPPORTED (format 2) or AURALIS_ENOMEM with `why`; nothing to close then. */
int midi_open(struct midi_file *file, const void *bytes, size_t size, auralis_message *why);

/* The next event: by time, then by track, then by place. Returns 1, 0 after the last, or AURALIS_EFORMAT with
 * `why`. Every track delivers exactly one MIDI_END_OF_TRACK. System exclusive and all other meta events are
 * skipped. */
int midi_next(struct midi_file *file, struct midi_event *event, auralis_message *why);

void midi_close(struct midi_file *file);

/* Fills `why` for something wrong at offset `at`, and returns `result`. */
int midi_refuse(auralis_message *why, int result, size_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
