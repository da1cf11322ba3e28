#!/usr/bin/env python3
"""Writes the schema of the JSON gateway's messages from a descriptor set on the standard input.

Its text is parsed by Sources/API/ProtobufJSON/ProtobufSchema+Text.swift:

    message NAME          a message; its fields follow in the order of their declaration
     TYPE NUMBER NAME     a field; TYPE ends with * if it is repeated; a oneof's name may follow
    enum NAME             an enumeration; its values follow
     NUMBER NAME
    rpc PATH              a method; the messages of request and response follow
"""
import sys

from google.protobuf import descriptor_pb2

FIELD = descriptor_pb2.FieldDescriptorProto
SCALARS = {
    FIELD.TYPE_BOOL: "bool", FIELD.TYPE_INT32: "int32", FIELD.TYPE_INT64: "int64",
    FIELD.TYPE_UINT32: "uint32", FIELD.TYPE_UINT64: "uint64", FIELD.TYPE_STRING: "string",
    FIELD.TYPE_BYTES: "bytes",
}
HEADER = '''\
// Written by Scripts/generate-protobuf.sh from Proto. Do not edit.

/// The messages that the services of etcd receive and send.
enum EtcdSchema {
    static let text: StaticString = """
'''


class Schema:
    def __init__(self, files):
        self.messages, self.enumerations = {}, {}
        self.services = []
        for file in files:
            scope = "." + file.package
            self.add(scope, file.message_type, file.enum_type)
            self.services += [(file.package, one) for one in file.service]

    def add(self, scope, messages, enumerations):
        for one in enumerations:
            self.enumerations[f"{scope}.{one.name}"] = one
        for one in messages:
            name = f"{scope}.{one.name}"
            self.messages[name] = one
            self.add(name, one.nested_type, one.enum_type)

    def methods(self):
        """The methods of all services but the health check, which the gateway does not serve."""
        for package, service in self.services:
            for method in service.method:
                if package != "grpc.health.v1":
                    yield f"/{package}.{service.name}/{method.name}", method

    def reachable(self):
        """Names of the messages and enumerations of the methods, in the order of first use."""
        names, waiting = [], []
        for _, method in self.methods():
            waiting += [method.input_type, method.output_type]
        while waiting:
            name = waiting.pop(0)
            if name not in names:
                names.append(name)
                fields = self.messages[name].field if name in self.messages else []
                waiting += [one.type_name for one in fields if one.type_name]
        return names


def field(message, one):
    kinds = {FIELD.TYPE_MESSAGE: "message", FIELD.TYPE_ENUM: "enum"}
    if one.type in kinds:
        kind = f"{kinds[one.type]}:{one.type_name[1:]}"
    else:
        kind = SCALARS[one.type]
    if one.label == FIELD.LABEL_REPEATED:
        kind += "*"
    oneof = f" {message.oneof_decl[one.oneof_index].name}" if one.HasField("oneof_index") else ""
    return f" {kind} {one.number} {one.name}{oneof}"


def lines(schema):
    for name in schema.reachable():
        if name in schema.messages:
            message = schema.messages[name]
            yield f"message {name[1:]}"
            yield from (field(message, one) for one in message.field)
        else:
            yield f"enum {name[1:]}"
            yield from (f" {one.number} {one.name}" for one in schema.enumerations[name].value)
    for path, method in schema.methods():
        yield f"rpc {path}"
        yield from (f" {name[1:]}" for name in (method.input_type, method.output_type))


def main():
    files = descriptor_pb2.FileDescriptorSet.FromString(sys.stdin.buffer.read()).file
    body = "".join(f"        {line}\n" for line in lines(Schema(files)))
    sys.stdout.write(HEADER + body + '        """\n}\n')


main()
