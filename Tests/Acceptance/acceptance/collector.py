"""A collector of OpenTelemetry: takes spans over OTLP and gRPC, and keeps them."""
import concurrent.futures
import struct
import threading

import grpc

PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def fields(data):
    """The fields of a protobuf message as (number, value) in their order."""
    position = 0

    def varint():
        nonlocal position
        value = shift = 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while position < len(data):
        tag = varint()
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            yield number, varint()
        elif kind == 2:
            size = varint()
            yield number, data[position:position + size]
            position += size
        else:
            size = {1: 8, 5: 4}[kind]
            yield number, struct.unpack(f"<{'Q' if size == 8 else 'I'}",
                                        data[position:position + size])[0]
            position += size


def all_of(data, number):
    return [value for found, value in fields(data) if found == number]


def attribute(data):
    message = dict(fields(data))
    (kind, value), = fields(message[2])
    read = {1: lambda: value.decode(), 2: lambda: bool(value),
            3: lambda: value - (1 << 64) if value >> 63 else value}
    return message[1].decode(), read[kind]()


class Span:
    def __init__(self, data, resource):
        message = dict(fields(data))
        self.resource = resource
        self.trace, self.id = message[1].hex(), message[2].hex()
        self.state = message.get(3, b"").decode()
        self.parent = message.get(4, b"").hex()
        self.name, self.kind = message[5].decode(), message[6]
        self.start, self.end = message[7], message[8]
        self.attributes = dict(attribute(one) for one in all_of(data, 9))
        self.events = [dict(fields(one))[2].decode() for one in all_of(data, 11)]
        status = dict(fields(message.get(15, b"")))
        self.failure = status.get(2, b"").decode() if status.get(3) == 2 else None


class Collector:
    def __init__(self, port):
        self.address = f"127.0.0.1:{port}"
        self.spans, self.lock = [], threading.Lock()
        self.server = None

    def start(self):
        handler = grpc.unary_unary_rpc_method_handler(self._export)
        service, method = PATH[1:].split("/")
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        self.server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler(service, {method: handler})])
        assert self.server.add_insecure_port(self.address)
        self.server.start()
        return self

    def _export(self, request, context):
        for resource_spans in all_of(request, 1):
            resource, = all_of(resource_spans, 1)
            attributes = dict(attribute(one) for one in all_of(resource, 1))
            for scope_spans in all_of(resource_spans, 2):
                found = [Span(data, attributes) for data in all_of(scope_spans, 2)]
                with self.lock:
                    self.spans += found
        return b""

    def of(self, trace):
        """The spans of a trace by their names."""
        with self.lock:
            return {span.name: span for span in self.spans if span.trace == trace}

    def stop(self):
        if self.server:
            self.server.stop(None).wait()
            self.server = None
