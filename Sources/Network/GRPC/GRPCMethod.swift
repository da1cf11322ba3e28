internal import Glibc

/// Which sides of a call send more than one message.
package enum GRPCMethodKind: Sendable {
    case unary
    case clientStreaming
    case serverStreaming
    case bidirectional

    /// The `grpc_type` label of the metrics.
    package var metricsLabel: String {
        switch self {
        case .unary: "unary"
        case .clientStreaming: "client_stream"
        case .serverStreaming: "server_stream"
        case .bidirectional: "bidi_stream"
        }
    }
}

/// Server-side handler of one streaming call. Called on the call's event loop.
package protocol GRPCCallHandler: AnyObject {
    /// Received a message.
    func receive(_ message: [UInt8], on call: GRPCServerCall)
    /// The client has ended its side.
    func receiveHalfClose(on call: GRPCServerCall)
    /// The call is writable again after `isWritable` was false.
    func becameWritable(_ call: GRPCServerCall)
    /// The call has ended for any reason; called once.
    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason)
}

/// Observes one call. Called on the call's event loop.
package protocol GRPCCallObserver: AnyObject {
    /// The call has ended; called once. One that the client has reset ends with `canceled`.
    func callEnded(_ call: GRPCServerCall, _ status: GRPCStatus)
}

/// Why a call ended.
package enum GRPCCloseReason: Sendable {
    /// The handler finished it; the last bytes may be unsent.
    case finished
    /// The client reset it.
    case cancelled
    /// Its deadline passed; the status has been sent.
    case deadlineExceeded
    /// The connection was closed.
    case connectionLost
    /// The server refused the request (for example, a message was too large).
    case failed
}

/// A method of a service and its implementation.
package struct GRPCMethod: Sendable {
    /// How a call is served.
    package enum Implementation: Sendable {
        /// Called once with the request message. It calls `respond` or `finish`, now or later.
        case unary(@Sendable (GRPCServerCall, [UInt8]) -> Void)
        /// Called when the call starts; the handler receives the messages.
        case streaming(@Sendable (GRPCServerCall) -> any GRPCCallHandler)
    }

    package let path: String
    package let service: String
    package let name: String
    package let kind: GRPCMethodKind
    let implementation: Implementation

    /// A unary method; `path` is `/service/method`.
    package init(
        path: String, unary: @escaping @Sendable (GRPCServerCall, [UInt8]) -> Void
    ) {
        self.init(path: path, kind: .unary, implementation: .unary(unary))
    }

    /// A streaming method; `path` is `/service/method`.
    package init(
        path: String, kind: GRPCMethodKind,
        open: @escaping @Sendable (GRPCServerCall) -> any GRPCCallHandler
    ) {
        self.init(path: path, kind: kind, implementation: .streaming(open))
    }

    private init(path: String, kind: GRPCMethodKind, implementation: Implementation) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        precondition(parts.count == 3 && parts[0].isEmpty, "a method path is /service/method")
        self.path = path
        self.service = String(parts[1])
        self.name = String(parts[2])
        self.kind = kind
        self.implementation = implementation
    }
}

/// Finds methods by the bytes of their path, without creating a String.
struct GRPCMethodTable: Sendable {
    let methods: [GRPCMethod]
    private let paths: [[UInt8]]
    private let slots: [Int32]

    init(_ methods: [GRPCMethod]) {
        // A copy with its own storage: see GRPCServerLoop.
        self.methods = methods.map { method in method }
        paths = methods.map { method in Array(method.path.utf8) }
        var size = 16
        while size < methods.count * 4 { size *= 2 }
        var slots = [Int32](repeating: -1, count: size)
        for (index, method) in methods.enumerated() {
            var slot = paths[index].withUnsafeBytes { Self.hash($0) } & (size - 1)
            while slots[slot] >= 0 {
                precondition(methods[Int(slots[slot])].path != method.path, "one path, one method")
                slot = (slot + 1) & (size - 1)
            }
            slots[slot] = Int32(index)
        }
        self.slots = slots
    }

    /// The index in `methods` of the method with this path; nil for an unknown path.
    func find(_ path: UnsafeRawBufferPointer) -> Int? {
        var slot = Self.hash(path) & (slots.count - 1)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if paths[index].withUnsafeBytes({ Self.equal($0, path) }) { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Whether any method belongs to `service`.
    func hasService(_ service: Substring) -> Bool {
        methods.contains { $0.service == service }
    }

    static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let left = left.baseAddress, let rightBase = right.baseAddress else { return true }
        return memcmp(left, rightBase, right.count) == 0
    }

    /// FNV-1a over the last 16 bytes: methods differ at their ends.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
        var value: UInt32 = 2_166_136_261 &+ UInt32(truncatingIfNeeded: bytes.count)
        for byte in bytes.suffix(16) {
            value = (value ^ UInt32(byte)) &* 16_777_619
        }
        return Int(value ^ value >> 15)
    }
}
