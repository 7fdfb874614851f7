"""A bad line in user space, where the kernel has no netem: a relay that hands bytes on late, in order, as TCP would."""

import asyncio
import random


async def hand_on(reader, writer, line):
    ready = 0.0
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue(256)

    async def send():
        while True:
            at, data = await queue.get()
            await asyncio.sleep(max(0, at - loop.time(), line.dark_until - loop.time()))
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()

    sender = asyncio.create_task(send())
    try:
        while data := await reader.read(1448 * 4):
            late = line.delay + random.uniform(0, line.jitter) + (0.2 if random.random() < line.loss else 0)
            ready = max(ready, loop.time() + late)  # nothing overtakes
            await queue.put((ready, data))
    except OSError:
        pass
    await queue.put((0, b""))
    await asyncio.wait([sender], timeout=10)


class Line:
    """Listens on a free port and relays to `target`; `cut(seconds)` makes it dark."""

    def __init__(self, target, jitter=0.2, loss=0.03, delay=0.02):
        self.host, self.port = target.rsplit(":", 1)
        self.jitter, self.loss, self.delay, self.dark_until = jitter, loss, delay, 0.0

    async def take(self, reader, writer):
        try:
            there, back = await asyncio.open_connection(self.host, int(self.port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(hand_on(there, writer, self), hand_on(reader, back, self))

    async def start(self):
        server = await asyncio.start_server(self.take, "127.0.0.1", 0)
        return "127.0.0.1:%d" % server.sockets[0].getsockname()[1]

    def cut(self, seconds):
        self.dark_until = asyncio.get_running_loop().time() + seconds
