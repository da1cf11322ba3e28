internal import EtcdAPI
internal import GRPC
internal import HTTP2
internal import MonotonicClock
internal import NIOCore

/// One LeaseKeepAlive stream, with one request at a time.
final class KeepAliveSlot: LoadSlot, GRPCClientCallHandler {
    private let worker: LoadWorker
    private let source: RequestSource
    private var call: GRPCClientCall?
    /// The due time of the pending request.
    private var due: MonotonicTime?

    init(worker: LoadWorker, connection: GRPCClientConnection, source: RequestSource) {
        self.worker = worker
        self.source = source
        call = connection.openCall(path: source.path, handler: self)
    }

    var isUsable: Bool { call != nil }

    func begin(key: Int, due: MonotonicTime) {
        self.due = due
        call?.send(source.request(key: key))
    }

    func receive(_ message: [UInt8], on call: GRPCClientCall) {
        end(bytes: message.count, failure: Self.isAlive(message) ? nil : "the lease does not exist")
    }

    func closed(_ call: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata) {
        self.call = nil
        end(bytes: 0, failure: "keepalive stream: \(status)")
    }

    private func end(bytes: Int, failure: String?) {
        guard let due else { return }
        self.due = nil
        worker.ended(
            self, due: due, completed: MonotonicTime(.now()), bytes: bytes,
            failure: failure)
    }

    /// Whether a LeaseKeepAliveResponse has a TTL, field 3; that of an unknown lease has none.
    static func isAlive(_ message: [UInt8]) -> Bool {
        message.withUnsafeBytes { bytes in
            var reader = WireReader(bytes)
            var ttl: Int64 = 0
            do {
                while let tag = try reader.nextTag() {
                    if tag == .varint(3) { ttl = try reader.int64() } else { try reader.skip(tag) }
                }
            } catch {
                return false
            }
            return ttl > 0
        }
    }
}
