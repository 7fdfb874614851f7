"""FluidSynth: a MIDI file of held notes of a pad (General MIDI 90, which never decays), played faster than real time. It plays
samples, not the pad: the figure says what a listener would get from a sampler instead. What counts as a voice is what
FluidSynth itself starts, which may be more than one a note."""
import os
import struct
import subprocess

from .common import BLOCK, RATE, Engine, first_line, voices

FONTS = ("/usr/share/sounds/sf2/TimGM6mb.sf2", "/usr/share/sounds/sf2/FluidR3_GM.sf2")
WARM_PAD = 89  # counted from 0
TICKS = 1000  # a second, at 500 ticks a quarter and 120 quarters a minute


def length(value):
    out = bytes([value & 127])
    while value := value >> 7:
        out = bytes([value & 127 | 128]) + out
    return out


def midi_file(count, seconds):
    """Notes are told apart by channel and key, so `count` distinct pairs: 15 channels (not the drums'), keys from 36."""
    channels = [c for c in range(16) if c != 9]
    pans = [pan for _, pan in voices(len(channels))]
    events = []
    for channel, pan in zip(channels, pans):
        events += [(0, bytes([0xC0 | channel, WARM_PAD])), (0, bytes([0xB0 | channel, 10, int(64 + 63 * pan)]))]
    keys = [(channels[n % 15], 36 + n // 15) for n in range(count)]
    events += [(0, bytes([0x90 | channel, key, 80])) for channel, key in keys]
    events += [(int(seconds * TICKS), bytes([0x80 | channel, key, 0])) for channel, key in keys]
    track, now = b"", 0
    for at, event in events:
        track, now = track + length(at - now) + event, at
    track += b"\0\xff\x2f\0"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS // 2) + b"MTrk" + struct.pack(">I", len(track)) + track


class Fluidsynth(Engine):
    name = "FluidSynth (samples)"
    program = "fluidsynth"
    package = "fluidsynth and timgm6mb-soundfont"
    kinds = ("pad",)
    flags = "default gain and interpolation, no reverb, no chorus, polyphony 8192; a sampled pad of the sound font, not the same voice"

    def __init__(self):
        self.font = next((font for font in FONTS if os.path.exists(font)), None)

    def missing(self):
        return super().missing() or ("" if self.font else "no sound font: Debian package timgm6mb-soundfont")

    def version(self):
        return first_line("fluidsynth", "--version").split()[-1] + ", " + os.path.basename(self.font)

    def prepare(self, folder):
        super().prepare(folder)
        self.per_note = self._voices_a_note()

    def _voices_a_note(self):
        """Its verbose mode prints a line a voice."""
        count = 150
        done = subprocess.run(["fluidsynth", "-v", *self._play(count, 0.2, None)[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        started = sum("noteon" in line for line in done.stdout.splitlines())
        return max(1, round(started / count))

    def _play(self, count, seconds, out):
        path = os.path.join(self.folder, f"{count}-{seconds:g}.mid")
        with open(path, "wb") as file:
            file.write(midi_file(count, seconds))
        into = ["-T", "wav", "-O", "float", "-F", out] if out else ["-T", "raw", "-F", "/dev/null"]
        return ["fluidsynth", "-n", "-i", "-q", "-R", "0", "-C", "0", "-r", str(RATE), "-z", str(BLOCK),
                "-o", "synth.polyphony=8192", *into, self.font, path]

    def command(self, kind, count, seconds, out=None):
        return self._play(max(1, count // self.per_note), seconds, out)
