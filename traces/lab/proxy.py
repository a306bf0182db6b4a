"""A proxy in the way of a service's connections, which breaks them all when it is told to.

A process of its own: `python -m … proxy LISTEN TARGET`, where both are `host:port` or the path of a
Unix socket. SIGUSR1 aborts every connection that passes through it, so that both ends see a reset;
new ones pass again at once.
"""

import asyncio
import signal
import sys

CHUNK_BYTES = 1 << 16


class Proxy:
    """All connections that pass through, and the one server behind them."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()

    async def passes(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either end closes it."""
        try:
            inner, outer = await connect(self._target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, outer}
        self._writers |= both
        try:
            await asyncio.gather(copy(reader, outer), copy(inner, writer))
        finally:
            self._writers -= both
            for each in both:
                each.transport.abort()

    def break_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


async def connect(target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if target.startswith("/"):
        return await asyncio.open_unix_connection(target)
    host, _, port = target.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until the end, and then the end."""
    try:
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


async def serve(listen: str, target: str) -> None:
    proxy = Proxy(target)
    if listen.startswith("/"):
        server = await asyncio.start_unix_server(proxy.passes, listen)
    else:
        host, _, port = listen.rpartition(":")
        server = await asyncio.start_server(proxy.passes, host, int(port))
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, proxy.break_all)
    sys.stdout.write(f"{server.sockets[0].getsockname()}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
