#!/usr/bin/env python3
"""Writes midi/*.mid, each wrong in one way, and beside it NAME.expect: the place that the message must name. Run it in this
folder after a change; its output is kept, so that the tests need no Python."""
import os
import struct


def header(form=0, tracks=1, division=96, length=6):
    return b"MThd" + struct.pack(">IHHH", length, form, tracks, division)


def chunk(body, length=None, name=b"MTrk"):
    return name + struct.pack(">I", len(body) if length is None else length) + body


NOTE = b"\x00\x90\x3c\x40\x60\x3c\x00"
END = b"\x00\xff\x2f\x00"
GOOD = header() + chunk(NOTE + END)
BODY = 22  # where the first track's events begin


def track(events):
    return header() + chunk(events)


def riff(smf, form=b"RMID", name=b"data", length=None):
    body = form + name + struct.pack("<I", len(smf) if length is None else length) + smf
    return b"RIFF" + struct.pack("<I", len(body)) + body


CASES = {
    # the header
    "signature_only": (b"MThd", 4),
    "header_cut": (header()[:11], 11),
    "header_length_0": (header(length=0) + chunk(NOTE + END), 4),
    "header_length_huge": (header(length=0xFFFFFFFF) + chunk(NOTE + END), 4),
    "format_2": (header(form=2) + chunk(NOTE + END), 8),
    "format_7": (header(form=7) + chunk(NOTE + END), 8),
    "no_tracks": (header(form=1, tracks=0), 10),
    "format_0_two_tracks": (header(tracks=2) + chunk(NOTE + END) * 2, 10),
    "division_0": (header(division=0) + chunk(NOTE + END), 12),
    "smpte_of_27_frames": (header(division=0xE528) + chunk(NOTE + END), 12),
    "smpte_of_0_ticks": (header(division=0xE700) + chunk(NOTE + END), 13),
    # chunks
    "no_track_at_all": (header(), 14),
    "tracks_missing": (header(form=1, tracks=3) + chunk(NOTE + END) * 2, 14 + 2 * 19),
    "track_longer_than_file": (header() + chunk(NOTE + END, length=1000), 18),
    "track_length_huge": (header() + chunk(NOTE + END, length=0xFFFFFFFF), 18),
    "chunk_header_cut": (header() + b"MTr", 17),
    "unknown_chunk_too_long": (header() + chunk(b"", length=99, name=b"XFIH") + chunk(NOTE + END), 18),
    "text_mode": (GOOD.replace(b"\x00", b"\r\n"), 4),
    # events
    "data_without_status": (track(b"\x00\x3c\x40" + END), BODY + 1),
    "data_byte_above_127": (track(b"\x00\x90\x3c\xc0" + END), BODY + 3),
    "status_f4": (track(b"\x00\xf4" + END), BODY + 1),
    "status_f8_clock": (track(b"\x00\xf8" + END), BODY + 1),
    "note_cut": (track(b"\x00\x90\x3c"), BODY + 3),
    "program_cut": (track(b"\x00\xc0"), BODY + 2),
    "wait_without_event": (track(NOTE + b"\x60"), BODY + 8),
    "wait_of_five_bytes": (track(b"\x81\x82\x83\x84\x05\x90\x3c\x40" + END), BODY),
    "wait_cut": (track(NOTE + b"\x81"), BODY + 8),
    "meta_cut": (track(b"\x00\xff"), BODY + 2),
    "meta_too_long": (track(b"\x00\xff\x01\x7fabc"), BODY + 1),
    "meta_length_of_five_bytes": (track(b"\x00\xff\x01\xff\xff\xff\xff\x01abc" + END), BODY + 3),
    "sysex_too_long": (track(b"\x00\xf0\x20\x7e\x7f\xf7" + END), BODY + 1),
    "sysex_length_missing": (track(b"\x00\xf0"), BODY + 2),
    "tempo_of_two_bytes": (track(b"\x00\xff\x51\x02\x07\xa1" + NOTE + END), BODY + 1),
    "tempo_0": (track(b"\x00\xff\x51\x03\x00\x00\x00" + NOTE + END), BODY + 4),
    "longer_than_a_day": (track(b"\x00\x90\x3c\x40" + b"\xff\xff\xff\x7f\x3c\x00" + END), BODY + 8),
    # inside RIFF
    "riff_of_wave": (riff(GOOD, form=b"WAVE"), 8),
    "riff_cut": (b"RIFF\x10\0\0", 8),
    "riff_without_data": (riff(GOOD, name=b"LIST"), 20 + len(GOOD)),
    "riff_data_too_long": (riff(GOOD, length=5000), 16),
    "riff_with_text": (riff(b"no MIDI here"), 20),
    "riff_with_bad_event": (riff(track(b"\x00\x3c\x40" + END)), 20 + BODY + 1),
}

os.makedirs("midi", exist_ok=True)
for case, (data, place) in CASES.items():
    with open(f"midi/{case}.mid", "wb") as out:
        out.write(data)
    with open(f"midi/{case}.expect", "w") as out:
        out.write(f"byte {place}\n")
