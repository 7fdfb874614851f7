"""Our own: `auralis bench`, the shipped kernels with the mix to stereo buses of 12 voices each."""
import json
import os
import subprocess

HERE = os.path.dirname(__file__)
PROGRAM = os.path.normpath(os.path.join(HERE, "..", "..", "..", "build", "auralis"))


def measure(case, short):
    """Voices of a case of `auralis bench` in real time on this core, by instruction set."""
    command = [PROGRAM, "bench", "--only", case, "--json", "-", *(["--short"] if short else [])]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    result = json.loads(done.stdout)
    voices = {case["name"].split(", ")[1]: case["value"] for case in result["cases"]}
    about = {key: result[key] for key in ("version", "commit", "compiler", "cpu")}
    return voices, about
