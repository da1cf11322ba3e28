"""HTTP exchanges over sockets of their own: requests as they are given, responses as they come."""
import base64
import json
import os
import socket
import ssl

SECONDS = 60
# Silence that a recording shows is waited for no longer than this.
SILENCE_SECONDS_MAX = 0.15


class Connection:
    """A connection for one exchange."""

    def __init__(self, port, tls=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        if tls:
            context = tls.context(protocols=["http/1.1"])
            self.socket = context.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self.buffer = b""
        self.is_chunked = False
        self.is_closed = False

    def close(self):
        self.socket.close()

    # Sending

    def send_head(self, method, path, headers, version="HTTP/1.1"):
        lines = [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in headers)]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def send(self, data):
        self.socket.sendall(data)

    def send_chunk(self, data):
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    # Receiving

    def fill(self, seconds=SECONDS):
        """Reads more bytes; False at the end of the connection, or after this time."""
        self.socket.settimeout(seconds)
        try:
            data = self.socket.recv(1 << 20)
        except (TimeoutError, ssl.SSLWantReadError):
            return False
        except OSError:
            data = b""
        self.is_closed = not data
        self.buffer += data
        return bool(data)

    def line(self, seconds=SECONDS):
        """The next line; None at the end of the connection, or after this time."""
        while b"\r\n" not in self.buffer:
            if not self.fill(seconds):
                return None
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode()

    def exactly(self, count):
        while len(self.buffer) < count:
            if not self.fill():
                raise AssertionError(f"a response ends early: {self.buffer[-200:]!r}")
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def head(self, seconds=SECONDS):
        """Status and headers of a response; None if there is none."""
        first = self.line(seconds)
        if first is None:
            return None
        return int(first.split()[1]), self.headers()

    def headers(self):
        found = {}
        while line := self.line():
            name, _, value = line.partition(": ")
            found[canonical(name)] = value
        return found

    def body(self, headers, has_body=True):
        """The whole body of a response, and its trailers."""
        if not has_body:
            return b"", {}
        if "Content-Length" in headers:
            return self.exactly(int(headers["Content-Length"])), {}
        if headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while chunk := self.chunk():
                body += chunk
            return body, self.headers()
        while self.fill():
            pass
        body, self.buffer = self.buffer, b""
        return body, {}

    def chunk(self, seconds=SECONDS):
        """The next chunk; empty at the end of the body, None after this time."""
        size = self.line(seconds)
        if size is None:
            return None
        count = int(size, 16)
        if count == 0:
            return b""
        data = self.exactly(count)
        self.exactly(2)
        return data

    # WebSocket

    def send_frame(self, opcode, payload):
        mask = os.urandom(4)
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else (
            b"\xfe" + len(payload).to_bytes(2, "big"))
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.send(bytes([0x80 | opcode]) + length + mask + masked)

    def frame(self, seconds=SECONDS):
        """The next frame as opcode and payload; None at the end, or after this time."""
        while len(self.buffer) < 2:
            if not self.fill(seconds):
                return None
        opcode, length = self.exactly(2)
        if length == 126:
            length = int.from_bytes(self.exactly(2), "big")
        elif length == 127:
            length = int.from_bytes(self.exactly(8), "big")
        return opcode & 0xF, self.exactly(length)


def canonical(name):
    """A header name as Go writes it."""
    return "-".join(part.capitalize() for part in name.split("-"))


class Lines:
    """The lines of a chunked body as they come."""

    def __init__(self, connection):
        self.connection, self.rest, self.has_ended = connection, b"", False

    def next(self, seconds=SECONDS):
        """The next line; None at the end, or after this time."""
        while b"\n" not in self.rest and not self.has_ended:
            chunk = self.connection.chunk(seconds)
            if chunk is None:
                return None
            self.has_ended = not chunk
            self.rest += chunk
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode() if line else None


def post(member, path, body, tls=None, headers=()):
    """A POST to the gateway: status and parsed body."""
    data = body.encode()
    connection = Connection(member.client_port, tls)
    try:
        connection.send_head(
            "POST", path, [("Host", member.endpoint), ("Content-Length", len(data)), *headers])
        connection.send(data)
        status, received = connection.head()
        content, _ = connection.body(received)
    finally:
        connection.close()
    return status, parsed(content.decode())


def parsed(text):
    """JSON data, or the text if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def decoded(text):
    return base64.b64decode(text)
