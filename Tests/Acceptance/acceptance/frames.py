"""A client of HTTP/2 frame by frame."""
import socket
import ssl
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def hpack_text(data):
    """A string literal of a header block, without Huffman coding."""
    if len(data) < 127:
        return bytes([len(data)]) + data
    left, length = len(data) - 127, b"\x7f"
    while left >= 128:
        length += bytes([left % 128 + 128])
        left //= 128
    return length + bytes([left]) + data


def request_fields(path, authority="test"):
    return [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", authority),
            ("content-type", "application/grpc"), ("te", "trailers")]


def message(data, compressed=False):
    """A message with its gRPC prefix, as in DATA frames."""
    return bytes([compressed]) + struct.pack(">I", len(data)) + data


def header_block(fields):
    """A header block without compression."""
    return b"".join(b"\0" + hpack_text(name.encode()) + hpack_text(value.encode())
                    for name, value in fields)


def frame(kind, flags, stream, payload):
    header = struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
    return header + struct.pack(">I", stream) + payload


class Frames:
    """A raw HTTP/2 client, for frames that client libraries do not send.

    `settings` are those of the client, by their number; `port` is a plain port instead of the
    client port.
    """

    def __init__(self, member, settings=None, port=None):
        self.socket = socket.create_connection(
            ("127.0.0.1", port or member.client_port), timeout=10)
        if member.tls and not port:
            self.socket = member.tls.context(["h2"]).wrap_socket(
                self.socket, server_hostname="127.0.0.1")
        self.socket.sendall(PREFACE)
        self.send(4, 0, 0, b"".join(
            struct.pack(">HI", *one) for one in (settings or {}).items()))

    def send(self, kind, flags, stream, payload):
        self.socket.sendall(frame(kind, flags, stream, payload))

    def receive(self):
        """(kind, flags, stream, payload), or None at the end of the connection."""
        header = self._exactly(9)
        if header is None:
            return None
        payload = self._exactly(int.from_bytes(header[:3], "big"))
        return header[3], header[4], int.from_bytes(header[5:9], "big"), payload

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                piece = self.socket.recv(count - len(data))
            except ConnectionError:
                return None
            if not piece:
                return None
            data += piece
        return data

    def call(self, stream, path, body, *fields, authority="test"):
        """Sends a whole request: headers with additional fields, and the body."""
        self.headers(stream, *request_fields(path, authority), *fields)
        self.send(0, 1, stream, body)

    def headers(self, stream, *fields, ends=False):
        """Sends a header block in frames of at most 16 KiB."""
        self.block(stream, header_block(fields), ends)

    def block(self, stream, block, ends=False):
        pieces = [block[start:start + 16_384] for start in range(0, len(block), 16_384)]
        for number, piece in enumerate(pieces):
            flags = 4 * (number == len(pieces) - 1) + (ends and number == 0)
            self.send(9 if number else 1, flags, stream, piece)

    def until(self, *kinds):
        """The next frame of one of these kinds."""
        while (frame := self.receive()) is not None:
            if frame[0] in kinds:
                return frame
        raise AssertionError("the connection ended")

    def until_go_away(self):
        """Error code and debug data of GOAWAY, or None if the connection ends without it."""
        while (frame := self.receive()) is not None:
            if frame[0] == 7:
                return struct.unpack(">I", frame[3][4:8])[0], frame[3][8:]
        return None

    def flood(self, stream, data, seconds, total):
        """Sends `data` again and again as DATA frames of a stream, within the server's windows.

        Ends after `seconds` or `total` bytes, or with the connection; returns the bytes sent.
        Frames of the server are read, and no window is given for them.
        """
        windows = {0: 65_535, stream: 65_535}
        initial, sent, received = 65_535, 0, b""
        end = time.monotonic() + seconds
        self.socket.settimeout(0.05)
        try:
            while sent < total and time.monotonic() < end:
                window = min(windows.values())
                if len(data) <= window:
                    count = min(window // len(data), 65_536 // len(data) or 1)
                    self.socket.settimeout(10)
                    self.socket.sendall(b"".join(frame(0, 0, stream, data) for _ in range(count)))
                    self.socket.settimeout(0.05)
                    sent += count * len(data)
                    windows = {key: value - count * len(data) for key, value in windows.items()}
                    if min(windows.values()) > len(data):
                        continue
                try:
                    piece = self.socket.recv(65_536)
                except TimeoutError:
                    continue
                if not piece:
                    break
                received += piece
                while len(received) >= 9 and len(received) >= 9 + int.from_bytes(received[:3]):
                    length, kind, flags = int.from_bytes(received[:3]), received[3], received[4]
                    target, payload = int.from_bytes(received[5:9]), received[9:9 + length]
                    received = received[9 + length:]
                    if kind == 8 and target in windows:
                        windows[target] += int.from_bytes(payload)
                    elif kind == 4 and not flags:
                        for offset in range(0, length, 6):
                            if int.from_bytes(payload[offset:offset + 2]) == 4:
                                value = int.from_bytes(payload[offset + 2:offset + 6])
                                windows[stream] += value - initial
                                initial = value
                    elif kind == 7 or kind == 3 and target == stream:
                        return sent
        except (ssl.SSLError, ConnectionError):
            pass
        return sent
