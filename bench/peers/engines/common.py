"""What every engine is asked to play, and what every engine has to tell.

The voices: pitches from MIDI 45 to 76 and pans across the whole stereo field, the same for every engine, started at once
and held until the end. All go to one common stereo bus, which is the cheapest an engine can do."""
import random
import shutil
import subprocess

RATE = 48000
BLOCK = 64
KINDS = ("pad", "sine")


def voices(count):
    """(MIDI pitch, pan from -1 to 1) of the first `count` voices."""
    numbers = random.Random(1)
    return [(numbers.uniform(45, 76), numbers.uniform(-1, 1)) for _ in range(count)]


def hertz(pitch):
    return 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)


def first_line(*command):
    """The first line of a program's output that says anything."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=20, text=True, check=False)
    return next((line.strip() for line in done.stdout.splitlines() if line.strip()), "")


class Engine:
    """One peer. `command` gives the program and its arguments that play `count` voices for `seconds`, into the WAV file
    `out` or, without one, into nothing."""
    name = program = package = flags = note = ""
    kinds = KINDS
    block = BLOCK

    def missing(self):
        """Why it cannot run here, or nothing."""
        return "" if shutil.which(self.program) else f"no {self.program}: Debian package {self.package}"

    def version(self):
        raise NotImplementedError

    def prepare(self, folder):
        """Whatever has to be done once; `folder` is its own to write in."""
        self.folder = folder

    def command(self, kind, count, seconds, out=None):
        raise NotImplementedError
