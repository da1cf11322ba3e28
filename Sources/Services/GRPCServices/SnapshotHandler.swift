internal import Auth
internal import Bolt
internal import Crypto
internal import EtcdAPI
internal import GRPC
internal import MonotonicClock
internal import NIOCore
internal import MemberRuntime
internal import SwiftProtobuf

/// Maintenance.Snapshot: the database file at one point in time in pieces, then its SHA-256.
///
/// The pieces are read in a read transaction that pins its pages, as fast as the client reads them
/// and the member's other work allows. Writes continue meanwhile.
final class SnapshotHandler: GRPCCallHandler {
    private static let pieceBytes = 32 * 1024

    private let context: ServiceContext
    private let rule: RPCRule
    private var reading: BoltReadTransaction?
    private var offset = 0
    private var digest = SHA256()
    private var version = ""
    private var isRunning = false
    private var pace = SnapshotPace()
    private var isResting = false
    private var began = MonotonicTime.zero

    init(context: ServiceContext, rule: RPCRule) {
        self.context = context
        self.rule = rule
    }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        context.identify(call, rule) { [self] _ in open(call) }
    }

    private func open(_ call: GRPCServerCall) {
        let context = self.context
        let box = NIOLoopBound(self, eventLoop: call.eventLoop)
        context.submitter(call).onState({ $0.storageVersionText }) { version in
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
        began = .now()
        context.observe(.snapshotBegins(sizeBytes: reading.sizeBytes, storageVersion: version))
        run(call)
    }

    /// Sends one piece per tick of the event loop while the call is writable.
    private func run(_ call: GRPCServerCall) {
        guard let reading, !call.isClosed, call.isWritable, !isRunning, !isResting else { return }
        isRunning = true
        defer { isRunning = false }
        guard offset < reading.sizeBytes else { return sendDigest(call) }
        var response = Etcdserverpb_SnapshotResponse()
        let size = min(Self.pieceBytes, reading.sizeBytes - offset)
        var piece = [UInt8](repeating: 0, count: size)
        let count = piece.withUnsafeMutableBytes { reading.readPages(at: offset, into: $0) }
        guard count == size else {
            return call.finish(GRPCStatus(.unknown, "the database ends before its size"))
        }
        digest.update(data: piece)
        offset += count
        response.blob = .init(piece)
        response.remainingBytes = UInt64(reading.sizeBytes - offset)
        response.version = version
        call.send(response)
        proceed(call, afterBytes: count)
    }

    private func proceed(_ call: GRPCServerCall, afterBytes bytes: Int) {
        let rest = pace.rest(afterBytes: bytes, applied: context.runtime.applied)
        let loop = call.eventLoop.assumeIsolated()
        guard rest > .zero else { return loop.execute { self.run(call) } }
        isResting = true
        loop.scheduleTask(in: TimeAmount(rest)) {
            self.isResting = false
            self.run(call)
        }
    }

    private func sendDigest(_ call: GRPCServerCall) {
        let time = MonotonicTime.now() - began
        context.metrics.snapshot.record(time)
        let checksum = Array(digest.finalize())
        context.observe(.snapshotDigest(sizeBytes: offset, digestBytes: checksum.count))
        var response = Etcdserverpb_SnapshotResponse()
        response.blob = .init(checksum)
        response.version = version
        call.send(response)
        call.finish()
        context.observe(
            .snapshotSent(sizeBytes: offset, storageVersion: version, time: time))
    }
}
