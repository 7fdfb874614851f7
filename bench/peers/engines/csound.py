"""Csound: one orchestra a voice (pad.orc, sine.orc), a score of held notes, no sound output."""
import os
import subprocess

from .common import BLOCK, RATE, Engine, hertz, voices

HERE = os.path.dirname(__file__)


class Csound(Engine):
    name = "Csound"
    program = "csound"
    package = "csound"
    flags = f"-n, ksmps {BLOCK}, double samples; vco2, lowpass2, adsr at control rate, pan2"

    def version(self):
        # Its --version goes on to perform an empty orchestra for ever; without an argument it says who it is and ends.
        done = subprocess.run(["csound"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)
        words = (done.stdout + done.stderr).split()
        return words[words.index("version") + 1] if "version" in words else "unknown"

    def command(self, kind, count, seconds, out=None):
        path = os.path.join(self.folder, f"{kind}-{count}-{seconds:g}.csd")
        with open(os.path.join(HERE, f"{kind}.orc"), encoding="utf-8") as file:
            orchestra = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write("<CsoundSynthesizer>\n<CsInstruments>\n"
                       f"sr = {RATE}\nksmps = {BLOCK}\nnchnls = 2\n0dbfs = 1\n{orchestra}</CsInstruments>\n<CsScore>\n")
            for pitch, pan in voices(count):
                file.write(f"i 1 0 {seconds:g} {hertz(pitch):.6f} {(pan + 1) / 2:.6f}\n")
            file.write("e\n</CsScore>\n</CsoundSynthesizer>\n")
        into = ["-W", "-f", "-o", out] if out else ["-n"]
        return ["csound", "-d", "-m0", *into, path]
