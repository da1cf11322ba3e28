import ConnectionIdentity
import EtcdAPI
import GRPC
import HTTP2
import HTTPServices
import NIOCore
import NIOPosix
import StatusCodes
import SwiftProtobuf
import Synchronization

/// Methods of a gRPC server behind a gateway, and what they were called with.
///
/// - `Range` responds with the key and the value of a pair; a numeric key of one character is the
///   status it fails with, `large` gets a response that is generated as it is read.
/// - `Watch` responds to each request with a message; a watch of `flood` gets messages as long as
///   they are read.
final class GatewayMethods: Sendable {
    struct Calls: Sendable {
        var identities: [ConnectionIdentity] = []
        var metadata: [[String]] = []
        var opened = 0
        var closed: [GRPCCloseReason] = []
        var sent = 0
    }

    let calls = Mutex(Calls())

    static let metadataNames = ["token", "authorization", "grpcgateway-accept", "hasleader"]
    static let largeCount = 20_000

    var methods: [GRPCMethod] {
        [
            GRPCMethod(path: "/etcdserverpb.KV/Range", unary: { self.range($0, $1) }),
            GRPCMethod(path: "/etcdserverpb.Watch/Watch", kind: .bidirectional) { _ in
                WatchResponder(self)
            },
        ]
    }

    func gateway(refusesCommonNames: Bool = false) -> JSONGateway {
        var configuration = GRPCServerConfiguration()
        configuration.metadataNames = Self.metadataNames
        configuration.receiveBytesMax = 1000
        let server = GRPCServer(
            methods: methods, configuration: configuration,
            group: MultiThreadedEventLoopGroup.singleton)
        return JSONGateway(server: server, refusesCommonNames: { refusesCommonNames })
    }

    private func range(_ call: GRPCServerCall, _ bytes: [UInt8]) {
        calls.withLock { calls in
            calls.identities.append(call.identity)
            calls.metadata.append(call.metadata.all.map { "\($0.name): \($0.value)" })
        }
        guard let request = try? Etcdserverpb_RangeRequest(serializedBytes: bytes) else {
            return call.finish(GRPCStatus(.internal, "no request"))
        }
        let key = String(decoding: request.key, as: UTF8.self)
        if let code = Int(key).flatMap(StatusCode.init) {
            return call.finish(GRPCStatus(code, "failed: \"\(key)\""))
        }
        if key == "large" {
            let source = LargeSource(count: Self.largeCount)
            call.sendLarge(lengthBytes: source.lengthBytes, source: source)
            return call.finish()
        }
        if key == "never" { return }
        let response = Etcdserverpb_RangeResponse.with {
            $0.kvs = [.with { $0.key = request.key }]
            $0.count = 1
        }
        guard let bytes: [UInt8] = try? response.serializedBytes() else { return }
        call.respond(bytes)
    }
}

/// The pairs of a large response, one after the other.
private final class LargeSource: HTTP2BodySource {
    private static let pair: [UInt8] =
        [UInt8(2 << 3 | 2), 102, UInt8(1 << 3 | 2), 100] + [UInt8](repeating: 65, count: 100)
    private var bytes: [UInt8]

    init(count: Int) {
        bytes = Array(repeatElement(Self.pair, count: count).joined())
    }

    var lengthBytes: Int { bytes.count }

    func read(bytesMax: Int, into buffer: inout ByteBuffer) {
        // Not at the end of a field.
        let count = min(bytesMax, bytes.count, 10_007)
        buffer.writeBytes(bytes.prefix(count))
        bytes.removeFirst(count)
    }
}

private final class WatchResponder: GRPCCallHandler {
    private let owner: GatewayMethods
    private var isFlooding = false
    private var count: Int64 = 0

    init(_ owner: GatewayMethods) {
        self.owner = owner
        owner.calls.withLock { $0.opened += 1 }
    }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        guard let request = try? Etcdserverpb_WatchRequest(serializedBytes: message) else { return }
        let key = String(decoding: request.createRequest.key, as: UTF8.self)
        if let code = Int(key).flatMap(StatusCode.init) {
            return call.finish(GRPCStatus(code, "failed"))
        }
        isFlooding = key == "flood"
        respond(call)
        becameWritable(call)
    }

    private func respond(_ call: GRPCServerCall) {
        count += 1
        let padding = isFlooding ? String(repeating: "x", count: 10_000) : ""
        let response = Etcdserverpb_WatchResponse.with {
            $0.watchID = count
            $0.cancelReason = padding
        }
        guard let bytes: [UInt8] = try? response.serializedBytes() else { return }
        call.send(bytes)
        owner.calls.withLock { $0.sent += 1 }
    }

    func receiveHalfClose(on call: GRPCServerCall) {}

    func becameWritable(_ call: GRPCServerCall) {
        while isFlooding, call.isWritable { respond(call) }
    }

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {
        owner.calls.withLock { $0.closed.append(reason) }
    }
}
