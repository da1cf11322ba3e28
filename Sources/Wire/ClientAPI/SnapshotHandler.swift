internal import Bolt
internal import Crypto
internal import EtcdAPI
internal import GRPC
internal import NIOCore
internal import ReplicaRuntime
internal import SwiftProtobuf

/// Maintenance.Snapshot: the database file as of one moment, piece by piece, then its SHA-256.
///
/// The pieces are read from a transaction that pins its pages, as fast as the client takes them
/// and the member's other work allows; writing goes on meanwhile.
final class SnapshotHandler: GRPCCallHandler {
    private static let pieceBytes = 32 * 1024

    private let context: ServiceContext
    private var reading: BoltReadTransaction?
    private var offset = 0
    private var digest = SHA256()
    private var version = ""
    private var isRunning = false
    private var pace = SnapshotPace()
    private var isResting = false
    private var began: Int64 = 0

    init(context: ServiceContext) { self.context = context }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        let context = self.context
        let box = NIOLoopBound(self, eventLoop: call.eventLoop)
        context.port(call).onState({ $0.notedStorageVersion }) { version in
            box.value.version = version
            context.runtime.onBackend { backend in
                let reading = backend.bolt.beginRead()
                call.eventLoop.execute { box.value.begin(reading, call) }
            }
        }
    }

    func receiveHalfClose(on call: GRPCServerCall) {}

    func becameWritable(_ call: GRPCServerCall) { run(call) }

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {
        reading?.end()
        reading = nil
    }

    private func begin(_ reading: BoltReadTransaction, _ call: GRPCServerCall) {
        guard !call.isClosed else { return reading.end() }
        self.reading = reading
        began = monotonicNanoseconds()
        context.observe(.snapshotBegins(sizeBytes: reading.sizeBytes, storageVersion: version))
        run(call)
    }

    /// Sends a piece for each turn of the loop while the client takes them.
    private func run(_ call: GRPCServerCall) {
        guard let reading, !call.isClosed, call.isWritable, !isRunning, !isResting else { return }
        isRunning = true
        defer { isRunning = false }
        guard offset < reading.sizeBytes else { return sendDigest(call) }
        var answer = Etcdserverpb_SnapshotResponse()
        let size = min(Self.pieceBytes, reading.sizeBytes - offset)
        var piece = [UInt8](repeating: 0, count: size)
        let count = piece.withUnsafeMutableBytes { reading.readPages(at: offset, into: $0) }
        guard count == size else {
            return call.finish(GRPCStatus(.unknown, "the database ends before its size"))
        }
        digest.update(data: piece)
        offset += count
        answer.blob = .init(piece)
        answer.remainingBytes = UInt64(reading.sizeBytes - offset)
        answer.version = version
        call.send(answer)
        proceed(call, afterBytes: count)
    }

    private func proceed(_ call: GRPCServerCall, afterBytes bytes: Int) {
        let rest = pace.rest(afterBytes: bytes, applied: context.runtime.applied)
        let loop = call.eventLoop.assumeIsolated()
        guard rest > .zero else { return loop.execute { self.run(call) } }
        isResting = true
        loop.scheduleTask(in: rest) {
            self.isResting = false
            self.run(call)
        }
    }

    private func sendDigest(_ call: GRPCServerCall) {
        let nanoseconds = monotonicNanoseconds() - began
        context.meter.snapshot.recordNanoseconds(nanoseconds)
        let checksum = Array(digest.finalize())
        context.observe(.snapshotDigest(sizeBytes: offset, digestBytes: checksum.count))
        var answer = Etcdserverpb_SnapshotResponse()
        answer.blob = .init(checksum)
        answer.version = version
        call.send(answer)
        call.finish()
        context.observe(
            .snapshotSent(sizeBytes: offset, storageVersion: version, nanoseconds: nanoseconds))
    }
}
