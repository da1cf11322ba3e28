import ConnectionIdentity
import GRPC
import ProtobufJSON
import ServerLogging

/// `--experimental-enable-grpc-logging`: a line for each request and response, with its content.
struct ProxyCallLog: Sendable {
    let logger: ServerLogger

    /// The methods with their messages logged.
    func observing(_ methods: [GRPCMethod]) -> [GRPCMethod] {
        methods.map { $0.observed { log($0, $1, $2) } }
    }

    private func log(
        _ call: GRPCServerCall, _ direction: GRPCMessageDirection, _ message: [UInt8]
    ) {
        let (service, method) = (call.method.service, call.method.name)
        let peer = call.peerAddress?.hostAndPort ?? "@"
        let content = LogValue.string(json(of: message, call.method.path, direction))
        switch direction {
        case .received:
            logger.info(
                "received payload logged as grpc.request.content field",
                [
                    "grpc.request.content": content, "grpc.service": .string(service),
                    "grpc.method": .string(method), "peer.address": .string(peer),
                ])
        case .sent:
            logger.info(
                "returned response payload logged as grpc.response.content field",
                [
                    "grpc.response.content": content, "grpc.service": .string(service),
                    "grpc.method": .string(method), "peer.address": .string(peer),
                ])
        }
    }

    /// Empty for a message that cannot be read.
    private func json(
        of message: [UInt8], _ path: String, _ direction: GRPCMessageDirection
    ) -> String {
        guard let schema = ProtobufSchema.etcd.method(path) else { return "" }
        var conversion = WireToJSON(
            .etcd, direction == .received ? schema.request : schema.response, isCamelCase: true)
        do {
            try message.withUnsafeBytes { try conversion.append($0) }
            try conversion.finish()
        } catch {
            return ""
        }
        return String(decoding: conversion.take(), as: UTF8.self)
    }
}
