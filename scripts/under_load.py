"""A server to be measured, and the listeners that measure it: what load-bars and soak share."""

import base64
import contextlib
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def pinned(cores, command):
    """`command` on these cores only; None: anywhere. On a machine with one core everything shares it."""
    if cores is None or (os.cpu_count() or 1) < 2:
        return command
    return ["taskset", "-c", cores] + command


def many_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def first():
    """In a session of its own: before others, where sessions are weighed against each other, else the listeners would be late."""
    with contextlib.suppress(OSError):
        with open("/proc/self/autogroup", "w") as f:
            f.write("-10")


class Server:
    """`auralis serve` on a free port of this machine, with presets in memory, in a session of its own as a service is."""

    def __init__(self, program, cores=None, options=(), environment=None, listen=None):
        command = [program, "serve", "--listen", f"{listen or '127.0.0.1'}:0", "--state-dir", ":memory:", *options]
        self.process = subprocess.Popen(pinned(cores, command), stdout=subprocess.PIPE, text=True, preexec_fn=many_files, start_new_session=True,
                                        env={**os.environ, **(environment or {})})
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

    def move(self, cores):
        if (os.cpu_count() or 1) > 1:
            subprocess.run(["taskset", "-a", "-p", "-c", cores, str(self.process.pid)], check=True, stdout=subprocess.DEVNULL)

    def alive(self):
        return self.process.poll() is None


class Load:
    """`auralis load`, in the background; `result` waits for its JSON."""

    def __init__(self, program, server, cores, *options, address=None, pid=None, prefix=()):
        self.file = tempfile.NamedTemporaryFile("r", suffix=".json")
        pid = pid or server.process.pid
        command = [program, "load", *map(str, options), "--pid", str(pid), "--json", self.file.name, address or server.address]
        self.process = subprocess.Popen(pinned(cores, [*prefix, *command]), stdout=subprocess.DEVNULL, start_new_session=True, preexec_fn=first)

    def result(self):
        try:
            status = self.process.wait()
        except BaseException:
            self.process.kill()
            raise
        text = self.file.read()
        if not text:
            sys.exit(f"auralis load ended with {status} and no result")
        return json.loads(text)


class Namespace:
    """A network of its own, joined to this one by a bad line: 200 ms of jitter, 3 % of loss. `netem` false: not possible here."""

    near, far, name, link = "10.213.7.1", "10.213.7.2", "auralis-far", "auralis-near"

    def _run(self, *words):
        return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def _line(self, how, loss):
        rules = ["root", "netem", "delay", "100ms", "100ms", "distribution", "normal", "loss", loss, "limit", "20000"]
        return self._run("tc", "qdisc", how, "dev", self.link, *rules)

    def __enter__(self):
        self.prefix = ["ip", "netns", "exec", self.name]
        self.netem = bool(shutil.which("ip") and shutil.which("tc")) and self._run("ip", "netns", "add", self.name) and all([
            self._run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.name),
            self._run("ip", "addr", "add", self.near + "/24", "dev", self.link),
            self._run("ip", "link", "set", self.link, "up"),
            self._run(*self.prefix, "ip", "addr", "add", self.far + "/24", "dev", "eth0"),
            self._run(*self.prefix, "ip", "link", "set", "eth0", "up"),
            self._line("add", "3%")])
        return self

    def cut(self, seconds):
        self._line("change", "100%")
        time.sleep(seconds)
        self._line("change", "3%")

    def __exit__(self, *_):
        self._run("ip", "link", "del", self.link)
        self._run("ip", "netns", "del", self.name)


@contextlib.contextmanager
def memory_limit(pid, limit):
    """The process may hold so many bytes; gives None where no cgroup can be made."""
    for root, file in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        folder = f"{root}/auralis-bars-{pid}"
        try:
            os.mkdir(folder)
        except OSError:
            continue
        try:
            with open(f"{folder}/{file}", "w") as f:
                f.write(str(limit))
            with open(f"{folder}/cgroup.procs", "w") as f:
                f.write(str(pid))
        except OSError:
            os.rmdir(folder)
            continue
        try:
            yield folder
        finally:
            with contextlib.suppress(OSError):
                with open(f"{root}/cgroup.procs", "w") as f:
                    f.write(str(pid))
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        return
    yield None


class Player:
    """One listener of auralis-v2 with a player's clock: it begins 0.4 s after the first message."""

    BEGIN, LEAD = 0.4, 512 / 48000

    def __init__(self, address, query):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), 10)
        self.socket.sendall((f"GET /ws/audio/bars?{query} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
                             "Sec-WebSocket-Protocol: auralis-v2\r\n\r\n").encode())
        self.rest, self.first, self.began = b"", None, 0.0
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.socket.recv(65536)
        if b" 101 " not in self.rest.split(b"\r\n")[0]:
            raise RuntimeError(self.rest.decode(errors="replace"))
        self.rest = self.rest.split(b"\r\n\r\n", 1)[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _frame(self, until):
        """The next whole WebSocket frame: (opcode, payload), or None when the time is up."""
        while True:
            if len(self.rest) >= 2:
                small, head = self.rest[1] & 127, 2
                if small == 126:
                    head = 4
                elif small == 127:
                    head = 10
                if len(self.rest) >= head:
                    length = int.from_bytes(self.rest[2:head], "big") if small > 125 else small
                    if len(self.rest) >= head + length:
                        opcode, payload = self.rest[0] & 15, self.rest[head:head + length]
                        self.rest = self.rest[head + length:]
                        return opcode, payload
            left = until - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            with contextlib.suppress(TimeoutError):
                data = self.socket.recv(1 << 18)
                if not data:
                    raise RuntimeError("the server hung up")
                self.rest += data

    def listen(self, seconds, anew=False):
        """Takes messages for a while; the moment when the first rendered anew came, if that is what is waited for."""
        until = time.monotonic() + seconds
        while frame := self._frame(until):
            if frame[0] != 2:
                continue
            if self.first is None:
                self.first, self.began = struct.unpack_from("<Q", frame[1], 16)[0], time.monotonic() + self.BEGIN
            if anew and frame[1][3] & 2:
                return time.monotonic()
        return None

    def turn(self, name, value):
        heard = self.first + int(max(0, time.monotonic() - self.began) * 48000)
        text = json.dumps({"type": "control", "parameters": {name: value}, "heard": str(heard)}).encode()
        mask = random.randbytes(4)
        asked = time.monotonic()
        self.socket.sendall(bytes([0x81, 0x80 | len(text)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(text)))
        came = self.listen(3, anew=True)
        if came is None:
            raise RuntimeError("nothing was rendered anew")
        return 1000 * (came - asked + self.LEAD)


def machine():
    """One line about where this was measured."""
    name, cores = "unknown processor", os.cpu_count()
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return f"{name}, {cores} cores, Linux {os.uname().release}"
