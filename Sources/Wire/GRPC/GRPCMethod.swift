internal import Glibc

/// Which sides of a call send more than one message.
package enum GRPCMethodKind: Sendable {
    case unary
    case clientStreaming
    case serverStreaming
    case bidirectional

    /// The value of the `grpc_type` label of the metrics.
    package var metricsLabel: String {
        switch self {
        case .unary: "unary"
        case .clientStreaming: "client_stream"
        case .serverStreaming: "server_stream"
        case .bidirectional: "bidi_stream"
        }
    }
}

/// The server's side of one streaming call. Called on the call's event loop.
package protocol GRPCCallHandler: AnyObject {
    /// A message came.
    func receive(_ message: [UInt8], on call: GRPCServerCall)
    /// The client will send no more.
    func receiveHalfClose(on call: GRPCServerCall)
    /// The call may be written to again after `isWritable` was false.
    func becameWritable(_ call: GRPCServerCall)
    /// The call is over; called once, whatever ended it.
    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason)
}

/// What ended a call, as its handler learns it.
package enum GRPCCloseReason: Sendable {
    /// The handler finished it; the last bytes may still be on their way.
    case finished
    /// The client reset it.
    case cancelled
    /// Its deadline passed; the client has been told.
    case deadlineExceeded
    /// The connection went away.
    case connectionLost
    /// The server refused what the client sent (a message too large, for example).
    case failed
}

/// One method of a service and what serves it.
package struct GRPCMethod: Sendable {
    /// What is done with a call.
    package enum Implementation: Sendable {
        /// Called once with the whole request, after the client's half-close. It answers with
        /// `respond` or `finish`, then or later.
        case unary(@Sendable (GRPCServerCall, [UInt8]) -> Void)
        /// Called when the call begins; the handler gets the messages.
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

/// Finds methods by the bytes of their path, without making a String.
struct GRPCMethodTable: Sendable {
    let methods: [GRPCMethod]
    private let paths: [[UInt8]]
    private let slots: [Int32]

    init(_ methods: [GRPCMethod]) {
        // A copy in storage of its own: see GRPCServerLoop.
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

    /// The index in `methods` of the method with this path.
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
