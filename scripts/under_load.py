"""A server to be measured, and the listeners that measure it: what load-bars and soak share."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def pinned(cores, command):
    """`command` on these cores only; None: anywhere. On a machine with one core everything shares it."""
    if cores is None or (os.cpu_count() or 1) < 2:
        return command
    return ["taskset", "-c", cores] + command


class Server:
    """`auralis serve` on a free port of this machine, with presets in memory."""

    def __init__(self, program, cores=None, options=()):
        command = [program, "serve", "--listen", "127.0.0.1:0", "--state-dir", ":memory:", *options]
        self.process = subprocess.Popen(pinned(cores, command), stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"http://(\S+)", line)
        if not found:
            self.process.kill()
            sys.exit(f"the server does not listen: {line!r}")
        self.address = found.group(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def alive(self):
        return self.process.poll() is None


class Load:
    """`auralis load`, in the background; `result` waits for its JSON."""

    def __init__(self, program, server, cores, *options):
        self.file = tempfile.NamedTemporaryFile("r", suffix=".json")
        command = [program, "load", *map(str, options), "--pid", str(server.process.pid), "--json", self.file.name, server.address]
        self.process = subprocess.Popen(pinned(cores, command), stdout=subprocess.DEVNULL)

    def result(self):
        status = self.process.wait()
        text = self.file.read()
        if not text:
            sys.exit(f"auralis load ended with {status} and no result")
        return json.loads(text)


def machine():
    """One line about where this was measured."""
    name, cores = "unknown processor", os.cpu_count()
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return f"{name}, {cores} cores, Linux {os.uname().release}"
