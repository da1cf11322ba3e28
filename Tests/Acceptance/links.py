"""Links between members under control, without root: a TCP proxy before each member's peer port.

A member advertises the proxy's port. Who opened a connection is read from /proc, so bytes from A
to B obey the link (A, B) whichever of the two opened the connection, and any protocol passes.
"""
import asyncio
import os
import threading


class Link:
    """What happens to bytes on their way from one member to another."""

    def __init__(self):
        self.passes = asyncio.Event()
        self.heal()

    def heal(self):
        """Everything passes at once, also what was held."""
        self.passes.set()
        self.refused = False
        self.delay_seconds = 0.0
        self.breaks = 0
        self.damaged = None


class Links:
    """The proxies of all members of a cluster; `processes` gives name -> process id."""

    def __init__(self, processes):
        self._processes = processes
        self._links = {}
        self._connections = set()
        self._servers = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def open(self, name, target_port):
        """Puts a proxy before the peer port of a member; gives the proxy's port."""
        return self._run(self._open(name, target_port))

    def hold(self, source, target):
        """Bytes from source to target wait until the link is healed."""
        self._change(source, target, lambda link: link.passes.clear())

    def refuse(self, source, target):
        """Connections between the two are reset, and new ones are refused."""
        def change(link):
            link.refused = True
            self._reset(lambda pair: set(pair) == {source, target})
        self._change(source, target, change)

    def delay(self, source, target, seconds):
        """Bytes from source to target come so much later."""
        def change(link):
            link.delay_seconds = seconds
        self._change(source, target, change)

    def break_messages(self, source, target, count):
        """The next pieces of data from source to target end in their middle with a reset."""
        def change(link):
            link.breaks = count
        self._change(source, target, change)

    def damage(self, source, target, pattern):
        """In each connection from source to target, the first, third, ... of these get a wrong bit."""
        def change(link):
            link.damaged = pattern
        self._change(source, target, change)

    def isolate(self, name, others, how="hold"):
        """Cuts one member off from the others in both directions."""
        for other in others:
            getattr(self, how)(name, other)
            getattr(self, how)(other, name)

    def heal(self):
        async def heal_all():
            for link in self._links.values():
                link.heal()
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
            change(self._link(source, target))
        self._run(apply())

    def _link(self, source, target):
        return self._links.setdefault((source, target), Link())

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
        source = owner(*ports, self._processes())
        there, back = self._link(source, target), self._link(target, source)
        if there.refused or back.refused:
            return
        await there.passes.wait()
        await back.passes.wait()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target_port)
        connection = ((source, target), (writer, far_writer))
        self._connections.add(connection)
        try:
            await asyncio.gather(
                pump(reader, far_writer, there), pump(far_reader, writer, back))
        finally:
            self._connections.discard(connection)
            far_writer.transport.abort()


class Damage:
    """A wrong bit in every other occurrence of a pattern, wherever the pieces of data begin."""

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
        # What the next occurrence may begin with; none of it belongs to one that was found.
        self.before = known[max(end, len(known) - len(pattern) + 1):]
        return bytes(damaged)


async def pump(reader, writer, link):
    """Carries bytes one way as the link says, and the end of them too."""
    damage = Damage()
    while data := await reader.read(65536):
        if link.delay_seconds:
            await asyncio.sleep(link.delay_seconds)
        await link.passes.wait()
        if link.breaks > 0 and len(data) > 1:
            link.breaks -= 1
            writer.write(data[:len(data) // 2])
            await writer.drain()
            raise ConnectionResetError("broken on purpose")
        if link.damaged:
            data = damage.apply(data, link.damaged)
        writer.write(data)
        await writer.drain()
    await link.passes.wait()
    writer.write_eof()


def owner(port, proxy_port, processes):
    """Which process opened the connection from this local port to the proxy; None if none did."""
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
