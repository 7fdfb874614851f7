#!/usr/bin/env python3
"""Writes quirks/*.mid: small files with the habits that programs have and that the files of real makers here do not show.
Run it in this folder after a change; its output is kept beside it, so that the tests need no Python."""
import os
import struct


def quantity(value):
    out = [value & 127]
    while value := value >> 7:
        out.insert(0, value & 127 | 128)
    return bytes(out)


def track(*events, end=True):
    """events: (wait, bytes)."""
    body = b"".join(quantity(wait) + data for wait, data in events) + (b"\0\xff\x2f\0" if end else b"")
    return b"MTrk" + struct.pack(">I", len(body)) + body


def header(form, tracks, division):
    return b"MThd" + struct.pack(">IHHH", 6, form, tracks, division)


def meta(kind, data):
    return bytes([0xFF, kind]) + quantity(len(data)) + data


def note(wait, key, length, channel=0, velocity=80):
    return [(wait, bytes([0x90 | channel, key, velocity])), (length, bytes([0x80 | channel, key, 64]))]


TEMPO = (0, meta(0x51, bytes([0x0B, 0x71, 0xB0])))  # 80 a minute
SCALE = [57, 60, 64, 67, 69, 67, 64, 60]
LINE = [event for key in SCALE for event in note(0, key, 480)]


def running_status():
    """Format 0, one status byte for the whole piece, notes ended by velocity 0."""
    events = [TEMPO, (0, b"\xc0\x59"), (0, b"\x90\x39\x50"), (480, b"\x39\x00")]
    for key in SCALE[1:]:
        events += [(0, bytes([key, 80])), (480, bytes([key, 0]))]
    return header(0, 1, 480) + track(*events)


def smpte():
    """SMPTE time, 25 frames of 40 ticks: a tick is a millisecond, whatever the tempo says."""
    return header(0, 1, 0xE728) + track(TEMPO, *[e for key in SCALE for e in note(0, key, 500)])


def rmid():
    """A file inside RIFF, with a list of information before it, as some sequencers save it."""
    smf = running_status()
    info = b"LIST" + struct.pack("<I", 17) + b"INFOINAM" + struct.pack("<I", 5) + b"Air\0\0" + b"\0"
    body = b"RMID" + info + b"data" + struct.pack("<I", len(smf)) + smf + b"\0" * (len(smf) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def karaoke():
    """Lyrics in texts with \\ and /, markers, key and time signatures, a sequencer's own event, SMPTE offset."""
    words = track((0, meta(0x03, b"Words")), (0, meta(0x01, b"@KMIDI KARAOKE FILE")), (0, meta(0x01, b"@LENGL")),
                  (0, meta(0x01, b"\\Slow")), (480, meta(0x05, b"ly ")), (480, meta(0x01, b"/now")))
    conductor = track((0, meta(0x58, b"\x03\x03\x18\x08")), (0, meta(0x59, b"\xfd\x01")), (0, meta(0x54, b"\x60\0\0\0\0")),
                      (0, meta(0x7F, b"\0\0\x41\x01")), (0, meta(0x06, b"Verse")), TEMPO, (1920, meta(0x51, b"\x0f\x42\x40")))
    return header(1, 3, 480) + conductor + words + track((0, b"\xc0\x34"), *LINE)


def exclusive():
    """System exclusive resets (GM, GS), one of them in two packets, an escape, and running status after them."""
    return header(0, 1, 480) + track(
        (0, b"\xf0\x05\x7e\x7f\x09\x01\xf7"), (0, b"\xf0\x03\x41\x10\x42"), (5, b"\xf7\x07\x12\x40\0\x7f\0\x41\xf7"),
        (0, b"\xf7\x01\xfe"), (0, b"\x90\x45\x50"), (480, b"\x45\0"), *LINE)


def odd_chunks():
    """A longer header, chunks nobody knows, and bytes after the last track."""
    head = b"MThd" + struct.pack(">IHHHH", 8, 1, 2, 480, 0)
    unknown = b"XFIH" + struct.pack(">I", 5) + b"hello"
    return head + unknown + track(TEMPO) + b"KMIX" + struct.pack(">I", 0) + track(*LINE) + b"\x1a\0\0"


def no_end():
    """No end-of-track event, in either track; the first is empty."""
    return header(1, 2, 480) + track(end=False) + track((0, b"\xc0\x0e"), *LINE, end=False)


def pedal_and_drums():
    """Sustain pedal, volume, expression and pan; drums on channel 10 with note-offs at once; a program change midway."""
    events = [TEMPO, (0, b"\xb0\x40\x7f"), (0, b"\xb0\x07\x64"), (0, b"\xb0\x0a\x20"), (0, b"\xb0\x0b\x7f"), *LINE,
              (0, b"\xb0\x40\0"), (0, b"\xc0\x5a"), *LINE]
    drums = [e for i in range(16) for e in note(479, 36 if i % 2 == 0 else 42, 1, channel=9)]
    return header(1, 2, 480) + track(*events) + track(*drums)


def left_sounding():
    """Notes that are never ended, and an end of track long after."""
    return header(0, 1, 96) + track(TEMPO, (0, b"\x90\x2d\x40"), (0, b"\x39\x40"), (0, b"\x40\x40"), (96 * 12, meta(0x01, b"")))


os.makedirs("quirks", exist_ok=True)
for make in (running_status, smpte, rmid, karaoke, exclusive, odd_chunks, no_end, pedal_and_drums, left_sounding):
    with open(f"quirks/{make.__name__}.mid", "wb") as out:
        out.write(make())
