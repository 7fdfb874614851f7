"""Faust: pad.dsp and sine.dsp become C, the C becomes a program with faust_host.c around it. The host changes the cutoff
of the second pad once a block; the first sweeps it each sample, as the plain text says."""
import os
import shutil
import subprocess

from .common import BLOCK, Engine, first_line, hertz, voices

HERE = os.path.dirname(__file__)
CFLAGS = ["-O3", "-march=native", "-ffast-math"]


class Faust(Engine):
    name = "Faust"
    program = "faust"
    package = "faust and gcc"
    source = {"pad": "pad", "sine": "sine"}
    flags = f"-lang c, gcc {' '.join(CFLAGS)}, one instance a voice, {BLOCK} frames a call; sawtooth, resonlp, adsr"

    def missing(self):
        return super().missing() or ("" if shutil.which("gcc") else "no gcc: Debian package gcc")

    def version(self):
        return first_line("faust", "--version").split()[-1] + ", gcc " + first_line("gcc", "-dumpfullversion")

    def prepare(self, folder):
        super().prepare(folder)
        for kind in self.kinds:
            name = self.source[kind]
            code = os.path.join(folder, name + ".c")
            subprocess.run(["faust", "-lang", "c", "-cn", "voice", "-o", code, os.path.join(HERE, name + ".dsp")], check=True)
            subprocess.run(["gcc", *CFLAGS, f'-DVOICE="{code}"', "-o", os.path.join(folder, name),
                            os.path.join(HERE, "faust_host.c"), "-lm"], check=True)

    def command(self, kind, count, seconds, out=None):
        name = self.source[kind]
        path = os.path.join(self.folder, f"{name}-{count}.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{hertz(pitch):.6f} {(pan + 1) / 2:.6f}\n" for pitch, pan in voices(count))
        return ["sh", "-c", 'exec "$0" "$1" "$2" <"$3"', os.path.join(self.folder, name), f"{seconds:g}", out or "-", path]


class FaustBlock(Faust):
    name = "Faust, cutoff by block"
    kinds = ("pad",)
    source = {"pad": "pad_block"}
