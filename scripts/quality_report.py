#!/usr/bin/env python3
"""Writes music.md and pictures/: what `auralis analyze` says of every preset.

Ten minutes of sound of one seed, and eight hours of its score, are measured; the reverb is heard on one short note."""
import array
import json
import math
import os
import subprocess
import sys
import tempfile

PROGRAM, FOLDER = os.path.abspath(sys.argv[1]), sys.argv[2]
SEED, RATE = 1, 48000
SOUND, SCORE = 10, 8  # minutes, hours
PICTURE_MAX = 60 * 1024  # bytes
APART = 1.5  # the least distance of two presets, in the steps below


def auralis(*arguments):
    return subprocess.run([PROGRAM, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def samples(path):
    """Of a float32 stereo WAV."""
    with open(path, "rb") as file:
        bytes_ = file.read()
    start = bytes_.index(b"data") + 8
    values = array.array("f")
    values.frombytes(bytes_[start:start + (len(bytes_) - start) // 8 * 8])
    if sys.byteorder == "big":
        values.byteswap()
    return values


def reverb_time(space, folder):
    """Seconds to fall by 60 dB, from the slope between -15 and -45 dB of the energy that is still to come (M. R. Schroeder,
    1965) after a note of 60 ms."""
    score, sound = os.path.join(folder, "note.json"), os.path.join(folder, "note.wav")
    with open(score, "w") as file:
        json.dump({"sample_rate": RATE, "duration_sec": 0.1, "melody": [[0, 57, 0.8, 0.06]]}, file)
    auralis("render", "-q", "-o", sound, "--score", score, "--tail", "--space", str(space))
    values, window = samples(sound), RATE // 100 * 2
    energy = [sum(x * x for x in values[i:i + window]) for i in range(0, len(values), window)]
    left, rest = 0.0, []
    for value in reversed(energy):
        left += value
        rest.append(left)
    rest.reverse()
    level = [10 * math.log10(value / rest[0] + 1e-30) for value in rest]
    points = [(i / 100, db) for i, db in enumerate(level) if -45 <= db <= -15]
    mean_t = sum(t for t, _ in points) / len(points)
    mean_db = sum(db for _, db in points) / len(points)
    slope = sum((t - mean_t) * (db - mean_db) for t, db in points) / sum((t - mean_t) ** 2 for t, _ in points)
    return -60 / slope


def measure(preset, folder):
    name, sound = preset["name"], os.path.join(folder, "sound.wav")
    picture = os.path.join(FOLDER, "pictures", name + ".png")
    auralis("render", "-q", "-o", sound, "--preset", name, "--seed", str(SEED), "-d", f"{SOUND}m")
    named = os.path.join(folder, f"{name}, seed {SEED}")
    os.rename(sound, named)
    m = json.loads(auralis("analyze", named, "--json", "--png", picture))[0]
    os.remove(named)
    if os.path.getsize(picture) > PICTURE_MAX:
        sys.exit(f"{picture} has {os.path.getsize(picture)} bytes, more than {PICTURE_MAX}")
    m["score"] = json.loads(auralis("analyze", "--score", "--preset", name, "--seed", str(SEED), "-d", f"{SCORE}h", "--json"))
    m["reverb"] = reverb_time(preset["parameters"]["space"], folder)
    m["preset"] = preset
    print(f"{name}: {m['integrated_loudness']:.1f} LUFS, {m['true_peak']:.1f} dBTP, {m['clicks']:.0f} clicks", flush=True)
    return m


def survey_table(folder):
    """Of loudness.json, which `loudness-survey` wrote beside the page; empty where there is none."""
    path = os.path.join(folder, "loudness.json")
    if not os.path.exists(path):
        return "", ""
    with open(path) as file:
        rows = json.load(file)
    head = ["preset", "seeds", "least LUFS", "mean", "greatest", "deviation", "true peak dBTP", "arc LU", "outside ±1"]
    return table(head, [[r["preset"], f"{r['first_seed']}–{r['first_seed'] + r['seeds'] - 1}", number(r["least"], 2),
                         number(r["mean"], 2), number(r["greatest"], 2), number(r["deviation"], 2), number(r["true_peak"], 2),
                         number(r["arc"], 1), str(r["outside"])] for r in rows]), f"{rows[0]['seeds']} {rows[0]['minutes']} {rows[0]['first_seed']}"


# What makes two presets different, each in steps that anybody hears: half an octave of spectral centroid, half as many notes
# again, half as much reverberation again, three semitones of register.
STEPS = [
    ("centroid", lambda m: math.log2(m["spectral_centroid"]) / 0.5),
    ("density", lambda m: math.log(m["score"]["density_mean"]) / math.log(1.5)),
    ("reverb", lambda m: math.log(m["reverb"]) / math.log(1.5)),
    ("register", lambda m: m["score"]["register"] / 3),
]


def distance(a, b):
    return math.sqrt(sum((of(a) - of(b)) ** 2 for _, of in STEPS))


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join(["---"] + ["---:"] * (len(head) - 1)) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def number(value, decimals=1):
    return "–" if value is None else f"{value:.{decimals}f}".replace("-", "−")


def sound_table(all_):
    head = ["preset", "LUFS", "loudest 3 s", "range LU", "true peak dBTP", "DC dBFS", "clicks", "gaps", "centroid Hz",
            "correlation", "lowest in a second", "reverb s"]
    return table(head, [[m["preset"]["name"], number(m["integrated_loudness"]), number(m["short_term_loudness"]),
                         number(m["loudness_range"]), number(m["true_peak"]), number(m["dc"]), number(m["clicks"], 0),
                         number(m["gaps"], 0), number(m["spectral_centroid"], 0), number(m["correlation"], 2),
                         number(m["lowest_correlation"], 2), number(m["reverb"])] for m in all_])


def score_table(all_):
    head = ["preset", "key", "chord %", "scale %", "chromatic %", "inside %", "chord change s", "shortest", "longest", "V–I",
            "notes/min", "fewest", "most", "register", "melody", "longest repetition"]
    rows = []
    for m in all_:
        s = m["score"]
        rows.append([m["preset"]["name"], s["key"], number(100 * s["chord_share"]), number(100 * s["scale_share"]),
                     number(100 * s["chromatic_share"]), number(100 * s["inside_share"]), number(s["change_mean"]),
                     number(s["change_min"]), number(s["change_max"]), str(s["cadences"]), number(s["density_mean"]),
                     number(s["density_min"], 0), number(s["density_max"], 0), number(s["register"]),
                     f"{s['melody_low']:.0f}–{s['melody_high']:.0f}",
                     f"{s['repeated']['notes']} notes, {s['repeated']['seconds']:.1f} s"])
    return table(head, rows)


def distance_table(all_):
    names = [m["preset"]["name"] for m in all_]
    return table([""] + names, [[a["preset"]["name"]] + ["" if a is b else f"{distance(a, b):.1f}" for b in all_] for a in all_])


def closest(all_):
    pairs = sorted((distance(a, b), a["preset"]["name"], b["preset"]["name"])
                   for i, a in enumerate(all_) for b in all_[i + 1:])
    return pairs[0]


def span(all_, read, decimals=1):
    values = [read(m) for m in all_ if read(m) is not None]
    return number(min(values), decimals) + " to " + number(max(values), decimals)


def page(all_):
    least, a, b = closest(all_)
    inside = min(m["score"]["inside_share"] for m in all_)
    repeated = max((m["score"]["repeated"] for m in all_), key=lambda r: r["notes"])
    survey, measured = survey_table(FOLDER)
    pictures = "\n\n".join(f"**{m['preset']['title']}** — {m['preset']['help']}\n\n![{m['preset']['title']}: spectrogram and levels]"
                           f"(pictures/{m['preset']['name']}.png)" for m in all_)
    return f"""# What the music measures

The figures of this page were written by `scripts/quality-report`, which anybody can run: {SOUND} minutes of sound of every preset
(seed {SEED}, {RATE} Hz) through `auralis analyze`, and {SCORE} hours of its score through `auralis analyze --score`.

## Sound

{sound_table(all_)}

- The aim is −16 ±1 LUFS and at most −1 dBTP. Here: {span(all_, lambda m: m['integrated_loudness'])} LUFS,
  {span(all_, lambda m: m['true_peak'])} dBTP.
- DC is the mean of the worst ten seconds. A click is a millisecond whose fourth difference is three times that of the 90 around
  it, from −66 dBFS on; that the excerpt ends in the middle of the music is no click. A gap is a millisecond of exact zeros.
- Correlation is that of left and right, of everything and of the worst second.
- The centroid is the mean frequency of the magnitude spectrum. Reverb is the time to fall by 60 dB after a short note, from the
  slope between −15 and −45 dB, echo included.

## Loudness of many pieces

The trim follows from the score and the parameters alone (`src/synth/loudness.c`): what every note will add to the loudness is read
from tables that were measured once, and each stretch of 32 bars gets the gain that brings it, with its neighbours, to −16 LUFS. So
quiet minutes stay somewhat quieter, and the opening of a piece, which does not count, is soft. `build/tests/quality/loudness-survey
{measured}` renders so many pieces of each preset, of so many minutes each, and prints [loudness.json](loudness.json):

{survey}

Every section of 64 bars is one wave of strength (`src/music/form.c`): in bright modes it rises slowly and sinks soon, in dark ones it
rises soon and sinks slowly, in dorian it is even and lower. The arc is how much louder the loudest half minute of a piece is than its
softest, the first minute apart, on average.

`build/tests/quality/loudness-parts PRESET` shows how far the estimate is off, instrument by instrument. A written score is trimmed by
its own notes, pauses not counted, by at most 6 dB upwards.

## Score

{score_table(all_)}

- At least 95 % of the notes are to lie in chord or scale; the least here is {100 * inside:.1f} %. "Chord", "scale" and
  "chromatic" are shares of the melody.
- Chords are what pads and basses strike together; a chord that comes again changes nothing, so the longest time spans two.
- The longest melody that comes twice in {SCORE} hours, in pitch and rhythm (in sixteenths), has {repeated['notes']} notes:
  {repeated['seconds']:.1f} s.
- Register is the mean pitch (MIDI numbers, 60 is middle C) weighted by how long notes sound.

## Presets are told apart

The distance of two presets counts steps that anybody hears: half an octave of centroid, half as many notes again, half as much
reverberation again, three semitones of register; the root of the sum of their squares.

{distance_table(all_)}

Every two presets are to be at least {APART} apart. The closest are {a} and {b}, {least:.1f} apart{"" if least >= APART else ", which is too near"}.

## Pieces are told apart

A seed keeps a nature of its own for good (`src/music/form.c`): how high it lies, how often bells speak, how long it pauses, whether
its melodies go by step or leap, which chords it likes, how light it is. `build/tests/unit/test_variety` compares sixteen seeds of every
preset over twenty minutes of score in steps that can be heard (a quarter more notes, a semitone of register, a tenth of the melody given
to bells, half a semitone of mean interval, a quarter of the time on other chords): two pieces of one preset are 2 such steps apart on
average (1.7 is the bound) and no two are less than 0.5.

## The oscillators

Measured from the kernels by `tests/unit/test_alias.c`, at ratios of rate to pitch where aliases cannot hide behind harmonics, for
61 pitches from MIDI 21 to 108 and up to 5 kHz, with the filter open:

- the strongest alias below 15 kHz is at least 100 dB below the fundamental at 44.1 kHz, 101 dB at 48 kHz and 115 dB at 96 kHz
  (the worst at 4.2 kHz; below 1 kHz at least 106 dB);
- above 15 kHz, with the tone at 60 dB SPL, aliases stay 20 dB below the threshold of hearing in quiet;
- harmonics up to 16 kHz follow 1/n within 0.03 dB;
- bells and drums are sines: nothing else within 110 dB; noise is flat within 0.3 dB in 32 bands, without a tone.

## How it looks

The upper part is the spectrum over time, the lower one peak, RMS and loudness.

{pictures}
"""


def main():
    os.makedirs(os.path.join(FOLDER, "pictures"), exist_ok=True)
    presets = json.loads(auralis("presets", "--json"))
    with tempfile.TemporaryDirectory() as folder:
        all_ = [measure(preset, folder) for preset in presets]
    with open(os.path.join(FOLDER, "music.md"), "w", encoding="utf-8") as file:
        file.write(page(all_))
    least, a, b = closest(all_)
    print(f"{FOLDER}/music.md; closest presets: {a} and {b}, {least:.2f}")


main()
