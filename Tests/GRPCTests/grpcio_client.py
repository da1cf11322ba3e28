"""Calls the test service with grpcio: python3 grpcio_client.py PORT. Prints the first failure."""
import sys
import threading

import grpc


def same(value):
    return value


channel = grpc.insecure_channel("127.0.0.1:" + sys.argv[1], options=[
    ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
prefix = "/test.Echo/"


def unary(name):
    return channel.unary_unary(prefix + name, same, same)


def status(name, message=b"", **options):
    try:
        unary(name)(message, timeout=10, **options)
    except grpc.RpcError as error:
        return error.code().name, error.details()
    return "OK", ""


def expect(value, expected):
    if value != expected:
        print("got", repr(value)[:200], "expected", repr(expected)[:200])
        sys.exit(1)


for count in (0, 1, 16384, 3_000_000):
    message = bytes(i % 256 for i in range(count))
    expect(unary("Unary")(message, timeout=10), message)
expect(unary("Metadata")(b"token", metadata=[("token", "t" * 1000)], timeout=10), b"t" * 1000)
expect(status("Nope"), ("UNIMPLEMENTED", "unknown method Nope for service test.Echo"))
expect(status("Fail", "50 % grün".encode()), ("FAILED_PRECONDITION", "50 % grün"))
expect(status("Unary", b"x", compression=grpc.Compression.Deflate), (
    "UNIMPLEMENTED", 'grpc: Decompressor is not installed for grpc-encoding "deflate"'))
gzip = grpc.Compression.Gzip
for count in (0, 1, 16384, 3_000_000):
    message = bytes(i % 256 for i in range(count))
    expect(unary("Unary")(message, timeout=10, compression=gzip), message)
expect(status("Unary", bytes(5_000_000), compression=gzip), (
    "RESOURCE_EXHAUSTED", "grpc: received message after decompression larger than max 4194304"))
expect(status("Unary", b"x" * 5_000_000), (
    "RESOURCE_EXHAUSTED", "grpc: received message larger than max (5000000 vs. 4194304)"))
try:
    unary("Hang")(b"", timeout=0.2)
    expect("response", "deadline")
except grpc.RpcError as error:
    expect(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)

bidi = channel.stream_stream(prefix + "Bidi", same, same)
messages = [bytes([i % 256]) * (i * 37) for i in range(300)]
expect(list(bidi(iter(messages), timeout=20)), messages)
expect(list(bidi(iter(messages), timeout=20, compression=gzip)), messages)
count = channel.stream_unary(prefix + "Count", same, same)
expect(count(iter(messages), timeout=20), str(sum(map(len, messages))).encode())
flood = channel.unary_stream(prefix + "Flood", same, same)
expect(sum(len(m) for m in flood(b"500", timeout=20)), 500 * 16384)
large = unary("Large")(b"20000000", timeout=20)
expect(len(large), 20_000_000)
expect(large[251 * 1000 + 7], 7)

hang = channel.stream_stream(prefix + "HangStream", same, same)
for _ in range(2):
    done = threading.Event()
    calls = [hang(iter([b"watch"]), timeout=30) for _ in range(600)]
    for call in calls:
        call.cancel()
expect(unary("Unary")(b"still there", timeout=10), b"still there")
print("ok")
