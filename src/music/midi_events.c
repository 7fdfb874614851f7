/* midi_events.c — takes a Standard MIDI File apart.
 *
 * Source of the format: MIDI Manufacturers Association, "Standard MIDI Files 1.0" (RP-001), and for files
 * inside RIFF "MIDI File Format RIFF" (RP-029).
 *
 * The bytes are anybody's, so each is looked at before it is believed: every read is checked against the end
 * of its track, every track against the end of the file, and every refusal says at which byte. No table is
 * sized by a number in the file alone. The tracks are read side by side, the earliest event first, from a
 * heap of cursors, so memory is a few words a track however long the file is. */
#include "music/midi_events.h"
#include "music/score.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int midi_refuse(auralis_message *why, int result, size_t at, const char *format, ...) {
    if (!why) return result;
    va_list args;
    va_start(args, format);
    snprintf(why->place, sizeof why->place, "byte %zu", at);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return result;
}

static uint32_t u16_at(const struct midi_file *f, size_t at) {
    return (uint32_t)f->bytes[at] << 8 | f->bytes[at + 1];
}

static uint32_t u32_at(const struct midi_file *f, size_t at) {
    return u16_at(f, at) << 16 | u16_at(f, at + 2);
}

static bool earlier(const struct midi_track *a, const struct midi_track *b) {
    return a->tick != b->tick ? a->tick < b->tick : a->number < b->number;
}

/* Moves track[i] down the heap to where it belongs. */
static void sift(struct midi_file *f, uint32_t i) {
    struct midi_track moved = f->track[i];
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= f->tracks) break;
        if (child + 1 < f->tracks && earlier(&f->track[child + 1], &f->track[child])) child++;
        if (!earlier(&f->track[child], &moved)) break;
        f->track[i] = f->track[child];
        i = child;
    }
    f->track[i] = moved;
}

static int ends_early(auralis_message *why, const struct midi_track *t) {
    return midi_refuse(why, AURALIS_EFORMAT, t->end, "track %u ends in the middle of an event",
                       t->number + 1);
}

/* A variable-length quantity: seven bits a byte, the top bit set on all but the last, at most four bytes. */
static int read_quantity(const struct midi_file *f, struct midi_track *t, uint32_t *out,
                         auralis_message *why) {
    size_t start = t->at;
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        if (t->at >= t->end) return ends_early(why, t);
        uint8_t byte = f->bytes[t->at++];
        value = value << 7 | (byte & 127);
        if (byte < 128) {
            *out = value;
            return AURALIS_OK;
        }
    }
    return midi_refuse(why, AURALIS_EFORMAT, start, "a variable-length number has at most four bytes");
}

/* What a tick is: part of a beat, or of an SMPTE frame. */
static int read_division(struct midi_file *f, uint32_t division, size_t at, auralis_message *why) {
    f->ticks = division;
    if (division & 0x8000) {
        f->frame_rate = 256 - (division >> 8);
        f->ticks = division & 255;
        if (f->frame_rate != 24 && f->frame_rate != 25 && f->frame_rate != 29 && f->frame_rate != 30)
            return midi_refuse(why, AURALIS_EFORMAT, at,
                               "SMPTE time has 24, 25, 29 or 30 frames a second, not %u", f->frame_rate);
    }
    if (f->ticks == 0)
        return midi_refuse(why, AURALIS_EFORMAT, f->frame_rate ? at + 1 : at,
                           "there must be at least 1 tick a %s", f->frame_rate ? "frame" : "beat");
    return AURALIS_OK;
}

/* The wait before the next event of the track. Some programs leave the end-of-track event (FF 2F 00) out:
 * where the data end between two events, the track simply is over. */
static int read_wait(const struct midi_file *f, struct midi_track *t, auralis_message *why) {
    uint32_t wait = 0;
    t->over = t->at >= t->end;
    if (t->over) return AURALIS_OK;
    int result = read_quantity(f, t, &wait, why);
    if (result == AURALIS_OK) t->tick += wait;
    return result;
}

static uint32_t u32_little_at(const struct midi_file *f, size_t at) {
    const uint8_t *b = f->bytes + at;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* Inside RIFF the file is the chunk "data" of a form "RMID". Finds where it begins, and lets the file end
 * with it. */
static int unwrap(struct midi_file *f, size_t *start, auralis_message *why) {
    *start = 0;
    if (f->size < 4 || memcmp(f->bytes, "RIFF", 4) != 0) return AURALIS_OK;
    if (f->size < 12 || memcmp(f->bytes + 8, "RMID", 4) != 0)
        return midi_refuse(why, AURALIS_EFORMAT, 8, "a RIFF file with MIDI in it is of the form RMID");
    for (size_t at = 12; f->size - at >= 8;) {
        size_t length = u32_little_at(f, at + 4), left = f->size - at - 8;
        if (length > left)
            return midi_refuse(why, AURALIS_EFORMAT, at + 4,
                               "this chunk says it is %zu bytes long, but the file ends %zu bytes later",
                               length, left);
        if (!memcmp(f->bytes + at, "data", 4)) {
            *start = at + 8;
            f->size = at + 8 + length;
            return AURALIS_OK;
        }
        at += 8 + length;
        at += length % 2 && at < f->size; /* chunks begin at even places */
    }
    return midi_refuse(why, AURALIS_EFORMAT, f->size, "the RIFF file ends without a chunk \"data\"");
}

/* The header that begins at `at`. */
static int read_header(struct midi_file *f, size_t at, uint32_t *tracks, size_t *next, auralis_message *why) {
    static const char signature[4] = {'M', 'T', 'h', 'd'};
    size_t size = f->size - at;
    if (size == 0 || memcmp(f->bytes + at, signature, size < 4 ? size : 4) != 0)
        return midi_refuse(why, AURALIS_EFORMAT, at, "a Standard MIDI File begins with MThd");
    if (size < 14)
        return midi_refuse(why, AURALIS_EFORMAT, f->size, "the file ends inside its header of 14 bytes");
    uint32_t length = u32_at(f, at + 4), format = u16_at(f, at + 8), division = u16_at(f, at + 12);
    *tracks = u16_at(f, at + 10);
    if (length < 6 || length > size - 8)
        return midi_refuse(why, AURALIS_EFORMAT, at + 4, "the header says it is %u bytes long; 6 is usual",
                           length);
    if (format == 2)
        return midi_refuse(why, AURALIS_EUNSUPPORTED, at + 8,
                           "format 2 (separate patterns) is not one piece; formats 0 and 1 can be read");
    if (format > 2)
        return midi_refuse(why, AURALIS_EFORMAT, at + 8, "there is no format %u; formats 0 and 1 can be read",
                           format);
    if (*tracks == 0) return midi_refuse(why, AURALIS_EFORMAT, at + 10, "the file says it has no tracks");
    if (format == 0 && *tracks > 1)
        return midi_refuse(why, AURALIS_EFORMAT, at + 10, "a file of format 0 has one track, not %u",
                           *tracks);
    *next = at + 8 + (size_t)length;
    return read_division(f, division, at + 12, why);
}

/* Finds `count` track chunks from `at` on, stepping over chunks of other kinds. */
static int find_tracks(struct midi_file *f, uint32_t count, size_t at, auralis_message *why) {
    while (f->tracks < count) {
        if (f->size - at < 8)
            return midi_refuse(why, AURALIS_EFORMAT, f->size, "the file ends after %u of its %u tracks",
                               f->tracks, count);
        uint32_t length = u32_at(f, at + 4);
        bool track = !memcmp(f->bytes + at, "MTrk", 4);
        if (length > f->size - at - 8)
            return midi_refuse(why, AURALIS_EFORMAT, at + 4,
                               "this chunk says it is %u bytes long, but the file ends %zu bytes later",
                               length, f->size - at - 8);
        at += 8;
        if (track) {
            struct midi_track *t = &f->track[f->tracks];
            *t = (struct midi_track){.at = at, .end = at + length, .number = f->tracks};
            f->tracks++;
            int result = read_wait(f, t, why);
            if (result < 0) return result;
        }
        at += length;
    }
    return AURALIS_OK;
}

int midi_open(struct midi_file *file, const void *bytes, size_t size, auralis_message *why) {
    *file = (struct midi_file){.bytes = bytes, .size = size};
    uint32_t count = 0;
    size_t at = 0;
    int result = unwrap(file, &at, why);
    if (result == AURALIS_OK) result = read_header(file, at, &count, &at, why);
    if (result < 0) return result;
    /* A track takes at least 8 bytes, whatever the header says. */
    size_t room = count < size / 8 + 1 ? count : size / 8 + 1;
    file->track = malloc(room * sizeof *file->track);
    if (!file->track) {
        score_explain(why, "file", "out of memory");
        return AURALIS_ENOMEM;
    }
    result = find_tracks(file, count, at, why);
    if (result < 0) {
        midi_close(file);
        return result;
    }
    for (uint32_t i = file->tracks; i-- > 0;) sift(file, i);
    return AURALIS_OK;
}

void midi_close(struct midi_file *file) {
    free(file->track);
    file->track = NULL;
}

static int skip(struct midi_track *t, uint32_t length, const char *what, size_t at, auralis_message *why) {
    if (length > t->end - t->at)
        return midi_refuse(why, AURALIS_EFORMAT, at,
                           "this %s event is %u bytes long, but its track ends %zu bytes later", what, length,
                           t->end - t->at);
    t->at += length;
    return AURALIS_OK;
}

static int read_meta(const struct midi_file *f, struct midi_track *t, struct midi_event *e,
                     auralis_message *why) {
    if (t->at >= t->end) return ends_early(why, t);
    uint8_t type = f->bytes[t->at++];
    uint32_t length = 0;
    int result = read_quantity(f, t, &length, why);
    size_t data = t->at;
    if (result == AURALIS_OK) result = skip(t, length, "meta", e->at, why);
    if (result < 0) return result;
    if (type == MIDI_END_OF_TRACK) {
        e->status = MIDI_END_OF_TRACK;
        return 1;
    }
    if (type != MIDI_TEMPO) return 0;
    if (length != 3)
        return midi_refuse(why, AURALIS_EFORMAT, e->at, "a tempo has 3 bytes of data, not %u", length);
    e->status = MIDI_TEMPO;
    e->tempo = (uint32_t)f->bytes[data] << 16 | u16_at(f, data + 1);
    if (e->tempo == 0)
        return midi_refuse(why, AURALIS_EFORMAT, data, "a tempo must be at least 1 microsecond a beat");
    return 1;
}

static int read_channel_message(const struct midi_file *f, struct midi_track *t, struct midi_event *e,
                                auralis_message *why) {
    int kind = t->running >> 4, length = kind == 0xc || kind == 0xd ? 1 : 2;
    e->status = t->running;
    e->data[1] = 0;
    for (int i = 0; i < length; i++) {
        if (t->at >= t->end) return ends_early(why, t);
        uint8_t byte = f->bytes[t->at++];
        if (byte > 127)
            return midi_refuse(why, AURALIS_EFORMAT, t->at - 1,
                               "0x%02X where a data byte of 0x00 to 0x7F must be, after status 0x%02X", byte,
                               t->running);
        e->data[i] = byte;
    }
    return 1;
}

/* One event of a track: 1 if it is to be delivered, 0 if it is skipped. */
static int read_event(const struct midi_file *f, struct midi_track *t, struct midi_event *e,
                      auralis_message *why) {
    *e = (struct midi_event){.tick = t->tick, .at = t->at};
    if (t->over) {
        e->status = MIDI_END_OF_TRACK;
        return 1;
    }
    if (t->at >= t->end) return ends_early(why, t);
    uint8_t status = f->bytes[t->at];
    if (status < 0x80) {
        if (!t->running)
            return midi_refuse(why, AURALIS_EFORMAT, t->at,
                               "0x%02X where a status byte of 0x80 or more must be, as none came before",
                               status);
        return read_channel_message(f, t, e, why);
    }
    t->at++;
    if (status < 0xf0) {
        t->running = status;
        return read_channel_message(f, t, e, why);
    }
    if (status == 0xff) return read_meta(f, t, e, why);
    if (status != 0xf0 && status != 0xf7)
        return midi_refuse(why, AURALIS_EFORMAT, e->at,
                           "status 0x%02X has no place in a file; 0x80 to 0xF0, 0xF7 and 0xFF do", status);
    uint32_t length = 0;
    int result = read_quantity(f, t, &length, why);
    return result < 0 ? result : skip(t, length, "system exclusive", e->at, why);
}

int midi_next(struct midi_file *file, struct midi_event *event, auralis_message *why) {
    while (file->tracks > 0) {
        struct midi_track *t = &file->track[0];
        int result = read_event(file, t, event, why);
        if (result < 0) return result;
        if (result == 1 && event->status == MIDI_END_OF_TRACK) {
            *t = file->track[--file->tracks];
        } else {
            int waited = read_wait(file, t, why);
            if (waited < 0) return waited;
        }
        if (file->tracks > 0) sift(file, 0);
        if (result == 1) return 1;
    }
    return 0;
}
