"""SuperCollider's server, without real time: a binary score of OSC bundles, all voices at time 0, and one last bundle that
says where the end is. The voices are in voices.scd; their compiled form lies beside it, so sclang is not needed."""
import os
import struct

from .common import BLOCK, Engine, first_line, hertz, voices

HERE = os.path.dirname(__file__)


def padded(data):
    return data + b"\0" * (-len(data) % 4)


def message(address, *arguments):
    tags, body = ",", b""
    for one in arguments:
        if isinstance(one, str):
            tags, body = tags + "s", body + padded(one.encode() + b"\0")
        elif isinstance(one, int):
            tags, body = tags + "i", body + struct.pack(">i", one)
        elif isinstance(one, float):
            tags, body = tags + "f", body + struct.pack(">f", one)
        else:
            tags, body = tags + "b", body + struct.pack(">i", len(one)) + padded(one)
    return padded(address.encode() + b"\0") + padded(tags.encode() + b"\0") + body


def bundle(seconds, content):
    whole = b"#bundle\0" + struct.pack(">Q", int(seconds * 2**32)) + struct.pack(">i", len(content)) + content
    return struct.pack(">i", len(whole)) + whole


class Scsynth(Engine):
    name = "SuperCollider scsynth"
    program = "scsynth"
    package = "supercollider-server"
    flags = f"-N, -z {BLOCK}, -m 262144, -n 16384; Saw, RLPF, EnvGen.kr, Pan2"

    def version(self):
        return first_line("scsynth", "-v").split()[1]

    def command(self, kind, count, seconds, out=None):
        score = os.path.join(self.folder, f"{kind}-{count}-{seconds:g}.osc")
        with open(os.path.join(HERE, f"{kind}.scsyndef"), "rb") as file:
            definition = file.read()
        with open(score, "wb") as file:
            file.write(bundle(0, message("/d_recv", definition)))
            for number, (pitch, pan) in enumerate(voices(count)):
                file.write(bundle(0, message("/s_new", kind, 1000 + number, 0, 0, "freq", hertz(pitch), "pan", float(pan))))
            file.write(bundle(seconds, message("/c_set", 0, 0.0)))
        into = [out, "48000", "WAV", "float"] if out else ["/dev/null", "48000", "RAW", "float"]
        return ["scsynth", "-N", score, "_", *into, "-i", "0", "-o", "2", "-z", str(BLOCK), "-m", "262144", "-n", "16384"]
