internal import EtcdAPI
internal import GRPC
internal import HTTP2
internal import Identifiers
internal import MVCC
internal import NIOCore
internal import MemberRuntime

/// A unary response too large for memory. Its size is computed first, in slices between other work
/// of the event loop; then its pieces are read at the pinned revision as fast as the client reads.
final class LargeRangeResponse: HTTP2BodySource {
    private let reader: RangeReader
    private let call: GRPCServerCall
    private let runtime: MemberRuntime
    private var response = RangeResponse()
    private var pending: [UInt8] = []
    private var pendingStart = 0
    private var part = Part.head

    private enum Part {
        case head, pairs, tail, done
    }

    init(_ reader: RangeReader, call: GRPCServerCall, context: ServiceContext, term: Term) {
        self.reader = reader
        self.call = call
        runtime = context.runtime
        response.header = context.header(revision: reader.storeRevision, term: term)
    }

    /// Sizes one slice, and continues in the next tick of the event loop until the size is known.
    func size() {
        guard !call.isClosed else { return reader.close() }
        do throws(ReadError) {
            guard try reader.prepare(sizing: true) else {
                return call.eventLoop.assumeIsolated().execute { self.size() }
            }
        } catch {
            return call.fail(runtime.clientError(for: error))
        }
        response.more = reader.more
        response.count = reader.count
        let total = response.encodedSize(keyValuesSizeBytes: reader.pairsSizeBytes)
        guard total <= Int(UInt32.max) else {
            return call.fail(
                EtcdError(
                    code: .resourceExhausted,
                    message:
                        "grpc: trying to send message larger than max (\(total) vs. \(UInt32.max))")
            )
        }
        call.sendLarge(lengthBytes: total, source: self)
        call.finish()
    }

    func read(bytesMax: Int, into buffer: inout ByteBuffer) {
        do throws(ReadError) {
            while pendingStart == pending.count, part != .done { try refill(bytesMax) }
        } catch {
            // The pinned revision was released, or a page is corrupt: the message cannot be
            // completed.
            _ = runtime.clientError(for: error)
            return call.abort()
        }
        let end = min(pending.count, pendingStart + bytesMax)
        buffer.writeBytes(pending[pendingStart..<end])
        pendingStart = end
        if part == .done, pendingStart == pending.count { reader.close() }
    }

    private func refill(_ bytesMax: Int) throws(ReadError) {
        var writer = WireWriter(capacity: bytesMax + 4096)
        switch part {
        case .head:
            response.encodeHead(into: &writer)
            part = .pairs
        case .pairs:
            if try reader.read(keys: .max, bytes: bytesMax, into: &writer) { part = .tail }
        case .tail:
            response.encodeTail(into: &writer)
            part = .done
        case .done: break
        }
        pending = writer.written
        pendingStart = 0
    }
}
