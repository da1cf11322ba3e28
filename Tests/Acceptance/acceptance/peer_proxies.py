"""Network faults between members, without root: a TCP proxy in front of each member's peer port.

A member advertises the port of its proxy. The process that opened a connection is read from /proc,
so the faults of the path (A, B) apply to bytes from A to B whichever member opened the connection.
The proxies do not depend on the protocol.
"""
import asyncio
import os
import threading


class PeerPath:
    """The faults of one direction between two members."""

    def __init__(self):
        self.unblocked = asyncio.Event()
        self.heal()

    def heal(self):
        """Removes all faults; bytes that are held are sent."""
        self.unblocked.set()
        self.refused = False
        self.delay_seconds = 0.0
        self.breaks_left = 0
        self.damaged_pattern = None


class PeerProxies:
    """The proxies of all members of a cluster; `processes` returns name -> process ID."""

    def __init__(self, processes):
        self._processes = processes
        self._paths = {}
        self._connections = set()
        self._servers = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def open(self, name, target_port):
        """Starts a proxy for the peer port of a member and returns the port of the proxy."""
        return self._run(self._open(name, target_port))

    def hold(self, source, target):
        """Holds bytes from source to target until the path is healed."""
        self._change(source, target, lambda path: path.unblocked.clear())

    def refuse(self, source, target):
        """Resets connections between the two and refuses new ones."""
        def change(path):
            path.refused = True
            self._reset(lambda pair: set(pair) == {source, target})
        self._change(source, target, change)

    def delay(self, source, target, seconds):
        """Delays bytes from source to target."""
        def change(path):
            path.delay_seconds = seconds
        self._change(source, target, change)

    def break_messages(self, source, target, count):
        """Resets the connection in the middle of each of the next `count` reads of data."""
        def change(path):
            path.breaks_left = count
        self._change(source, target, change)

    def damage(self, source, target, pattern):
        """Flips a bit in every other occurrence of a pattern in each connection."""
        def change(path):
            path.damaged_pattern = pattern
        self._change(source, target, change)

    def isolate(self, name, others, how="hold"):
        """Partitions one member from the others in both directions."""
        for other in others:
            getattr(self, how)(name, other)
            getattr(self, how)(other, name)

    def heal(self):
        async def heal_all():
            for path in self._paths.values():
                path.heal()
        self._run(heal_all())

    def close(self):
        async def end():
            for server in self._servers:
                server.close()
            self._reset(lambda _: True)
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def _change(self, source, target, change):
        async def apply():
            change(self._path(source, target))
        self._run(apply())

    def _path(self, source, target):
        return self._paths.setdefault((source, target), PeerPath())

    def _reset(self, chosen):
        for pair, writers in list(self._connections):
            if chosen(pair):
                for writer in writers:
                    writer.transport.abort()

    async def _open(self, name, target_port):
        async def serve(reader, writer):
            try:
                await self._serve(name, target_port, reader, writer)
            except (OSError, asyncio.CancelledError):
                pass
            finally:
                writer.transport.abort()
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self._servers.append(server)
        return server.sockets[0].getsockname()[1]

    async def _serve(self, target, target_port, reader, writer):
        ports = writer.get_extra_info("peername")[1], writer.get_extra_info("sockname")[1]
        source = process_of_connection(*ports, self._processes())
        forward, backward = self._path(source, target), self._path(target, source)
        if forward.refused or backward.refused:
            return
        await forward.unblocked.wait()
        await backward.unblocked.wait()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target_port)
        connection = ((source, target), (writer, far_writer))
        self._connections.add(connection)
        try:
            await asyncio.gather(
                pump(reader, far_writer, forward), pump(far_reader, writer, backward))
        finally:
            self._connections.discard(connection)
            far_writer.transport.abort()


class Damage:
    """Flips a bit in every other occurrence of a pattern, also where it spans two reads."""

    def __init__(self):
        self.seen, self.before = 0, b""

    def apply(self, data, pattern):
        known = self.before + data
        damaged, end = bytearray(data), 0
        while (start := known.find(pattern, end)) >= 0:
            end = start + len(pattern)
            self.seen += 1
            if self.seen % 2:
                damaged[end - len(self.before) - 1] ^= 1
        # A possible beginning of the next occurrence; it overlaps none that was found.
        self.before = known[max(end, len(known) - len(pattern) + 1):]
        return bytes(damaged)


async def pump(reader, writer, path):
    """Copies bytes in one direction, with the faults of the path, and closes the stream."""
    damage = Damage()
    while data := await reader.read(65536):
        if path.delay_seconds:
            await asyncio.sleep(path.delay_seconds)
        await path.unblocked.wait()
        if path.breaks_left > 0 and len(data) > 1:
            path.breaks_left -= 1
            writer.write(data[:len(data) // 2])
            await writer.drain()
            raise ConnectionResetError("broken on purpose")
        if path.damaged_pattern:
            data = damage.apply(data, path.damaged_pattern)
        writer.write(data)
        await writer.drain()
    await path.unblocked.wait()
    writer.write_eof()


def process_of_connection(port, proxy_port, processes):
    """Name of the process that opened the connection from a port to the proxy, or None."""
    inode = None
    with open("/proc/net/tcp") as table:
        for line in table:
            fields = line.split()
            if fields[1].endswith(f":{port:04X}") and fields[2].endswith(f":{proxy_port:04X}"):
                inode = fields[9]
    for name, process_id in processes.items():
        try:
            for descriptor in os.scandir(f"/proc/{process_id}/fd"):
                if os.readlink(descriptor.path) == f"socket:[{inode}]":
                    return name
        except OSError:
            continue
    return None
