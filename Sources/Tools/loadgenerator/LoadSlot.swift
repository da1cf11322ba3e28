internal import GRPC
internal import HTTP2
internal import MonotonicClock
internal import NIOCore

/// A slot for one request at a time. Used on its worker's event loop.
protocol LoadSlot: AnyObject {
    /// Whether a request can be begun.
    var isUsable: Bool { get }

    /// Begins a request that was due at `due`; calls the worker's `ended` once.
    func begin(key: Int, due: MonotonicTime)
}

/// A slot for one call with one request at a time on one connection.
final class CallSlot: LoadSlot, GRPCClientCallHandler {
    private let connection: GRPCClientConnection
    private let worker: LoadWorker
    private let sources: [RequestSource]
    private var number: Int
    private var due = MonotonicTime.zero
    private var bytesReceived = 0

    /// - Parameters:
    ///   - sources: the kinds of its requests, in order and again from the first.
    ///   - number: the one that it begins with.
    init(
        worker: LoadWorker, connection: GRPCClientConnection, sources: [RequestSource],
        number: Int
    ) {
        self.worker = worker
        self.connection = connection
        self.sources = sources
        self.number = number
    }

    var isUsable: Bool { connection.isUsable }

    func begin(key: Int, due: MonotonicTime) {
        self.due = due
        bytesReceived = 0
        let source = sources[number % sources.count]
        number += 1
        let call = connection.openCall(path: source.path, handler: self)
        call.send(source.request(key: key))
        call.halfClose()
    }

    /// Responses are not read: memory for them would be a cost of the client.
    var wantsMessages: Bool { false }

    func receive(_ message: [UInt8], on call: GRPCClientCall) {}

    func receivedMessage(bytes: Int, on call: GRPCClientCall) {
        bytesReceived += bytes
    }

    func closed(_ call: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata) {
        worker.ended(
            self, due: due, completed: MonotonicTime(.now()),
            bytes: bytesReceived, failure: status.code == .ok ? nil : "\(status)")
    }
}
