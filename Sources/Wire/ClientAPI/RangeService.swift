internal import EtcdAPI
internal import GRPC
internal import HTTP2
internal import MVCC
internal import NIOCore
internal import ReplicaRuntime

/// Ranges: small ones in one piece, big ones as the client takes them.
extension KVService {
    func range(_ call: GRPCServerCall, _ request: RangeRequest) {
        if let error = RequestChecks.check(request) { return call.fail(error) }
        let started = monotonicNanoseconds()
        guard !request.serializable else {
            let term = context.runtime.term
            return answer(call, request, term: term, startedNanoseconds: started)
        }
        context.linearized(call) { term in
            answer(call, request, term: term, startedNanoseconds: started)
        }
    }

    private func answer(
        _ call: GRPCServerCall, _ request: RangeRequest, term: UInt64, startedNanoseconds: Int64
    ) {
        let began = monotonicNanoseconds()
        let isSuccess = answer(call, request, term: term)
        let ended = monotonicNanoseconds()
        context.meter.rangeEnded(nanoseconds: ended - began, isSuccess: isSuccess)
        context.meter.requestEnded(
            .range, nanoseconds: ended - startedNanoseconds, isSuccess: isSuccess)
    }

    /// Answers, or begins to; false when the range was refused.
    private func answer(
        _ call: GRPCServerCall, _ request: RangeRequest, term: UInt64
    ) -> Bool {
        var answer = RangeAnswer()
        do throws(ReadError) {
            switch try context.runtime.store.range(request, into: &answer) {
            case .complete(let revision):
                answer.header = context.header(revision: revision, term: term)
                call.answerNumber = answer.count
                call.answer(range: answer)
            case .large(let reader):
                LargeRange(reader, call: call, context: context, term: term).size()
            }
            return true
        } catch {
            call.fail(context.runtime.refusal(of: error))
            return false
        }
    }

    var rangeStreamMethod: GRPCMethod {
        context.stream("/etcdserverpb.KV/RangeStream", .serverStreaming) { _ in
            RangeStreamHandler(service: self)
        }
    }
}

/// A unary answer too large to hold: its size is summed up first, in slices between other work of
/// the loop, then its pieces are read at the pinned revision as fast as the client takes them.
final class LargeRange: HTTP2BodySource {
    private let reader: RangeReader
    private let call: GRPCServerCall
    private let runtime: ReplicaRuntime
    private var answer = RangeAnswer()
    private var pending: [UInt8] = []
    private var pendingStart = 0
    private var stage = Stage.head

    private enum Stage {
        case head, pairs, tail, done
    }

    init(_ reader: RangeReader, call: GRPCServerCall, context: ServiceContext, term: UInt64) {
        self.reader = reader
        self.call = call
        runtime = context.runtime
        answer.header = context.header(revision: reader.storeRevision, term: term)
    }

    /// Adds up one slice, and goes on in the loop's next turn until the size is known.
    func size() {
        guard !call.isClosed else { return reader.close() }
        do throws(ReadError) {
            guard try reader.prepare(sizing: true) else {
                return call.eventLoop.assumeIsolated().execute { self.size() }
            }
        } catch {
            return call.fail(runtime.refusal(of: error))
        }
        answer.more = reader.more
        answer.count = reader.count
        let total = answer.encodedSize(keyValuesSizeBytes: reader.pairsSizeBytes)
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

    func read(maximumBytes: Int, into buffer: inout ByteBuffer) {
        do throws(ReadError) {
            while pendingStart == pending.count, stage != .done { try refill(maximumBytes) }
        } catch {
            // The pinned revision was taken back, or a page is damaged: the message cannot be
            // finished any more.
            _ = runtime.refusal(of: error)
            return call.abort()
        }
        let end = min(pending.count, pendingStart + maximumBytes)
        buffer.writeBytes(pending[pendingStart..<end])
        pendingStart = end
        if stage == .done, pendingStart == pending.count { reader.close() }
    }

    private func refill(_ maximumBytes: Int) throws(ReadError) {
        var writer = WireWriter(capacity: maximumBytes + 4096)
        switch stage {
        case .head:
            answer.encodeHead(into: &writer)
            stage = .pairs
        case .pairs:
            if try reader.read(keys: .max, bytes: maximumBytes, into: &writer) { stage = .tail }
        case .tail:
            answer.encodeTail(into: &writer)
            stage = .done
        case .done: break
        }
        pending = writer.written
        pendingStart = 0
    }
}

/// KV.RangeStream: one revision in chunks that grow while they are small; only the last says how
/// many keys there are. A request that only counts gets one message, without pairs.
final class RangeStreamHandler: GRPCCallHandler {
    private static let firstChunkKeys = 10

    private let service: KVService
    private var reader: RangeReader?
    private var header: ResponseHeader?
    private var chunkKeys = firstChunkKeys
    private var isPrepared = false
    private var isRunning = false

    init(service: KVService) { self.service = service }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        let context = service.context
        guard let request = try? RangeRequest(decoding: message) else {
            return call.finish(.undecodable)
        }
        if let error = RequestChecks.checkStream(request) { return call.fail(error) }
        guard !request.serializable else {
            return open(call, request, term: context.runtime.term)
        }
        context.linearized(call) { [self] term in open(call, request, term: term) }
    }

    func receiveHalfClose(on call: GRPCServerCall) {}

    func becameWritable(_ call: GRPCServerCall) { run(call) }

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) { reader?.close() }

    private func open(_ call: GRPCServerCall, _ request: RangeRequest, term: UInt64) {
        guard !request.countOnly else { return count(call, request, term: term) }
        do throws(ReadError) {
            let reader = try service.context.runtime.store.openRange(request)
            header = service.context.header(revision: reader.storeRevision, term: term)
            self.reader = reader
            run(call)
        } catch {
            call.fail(service.context.runtime.refusal(of: error))
        }
    }

    private func count(_ call: GRPCServerCall, _ request: RangeRequest, term: UInt64) {
        let context = service.context
        let began = monotonicNanoseconds()
        var answer = RangeAnswer()
        do throws(EtcdError) {
            guard
                case .complete(let revision) = try context.runtime.store.range(
                    request, into: &answer)
            else { preconditionFailure("a count fits one slice") }
            context.meter.rangeEnded(nanoseconds: monotonicNanoseconds() - began, isSuccess: true)
            answer.header = context.header(revision: revision, term: term)
            send(answer, pairs: [], on: call)
            call.finish()
        } catch {
            context.meter.rangeEnded(nanoseconds: monotonicNanoseconds() - began, isSuccess: false)
            call.fail(error)
        }
    }

    /// Sends chunks, one for each turn of the loop, while the client takes them.
    private func run(_ call: GRPCServerCall) {
        guard let reader, !call.isClosed, call.isWritable, !isRunning else { return }
        isRunning = true
        defer { isRunning = false }
        do throws(ReadError) {
            if !isPrepared {
                isPrepared = try reader.prepare(sizing: false)
            } else if try sendChunk(reader, call) {
                return call.finish()
            }
        } catch {
            return call.fail(service.context.runtime.refusal(of: error))
        }
        call.eventLoop.assumeIsolated().execute { self.run(call) }
    }

    private func sendChunk(
        _ reader: RangeReader, _ call: GRPCServerCall
    ) throws(ReadError) -> Bool {
        let limit = service.context.settings.requestMaximumBytes
        var pairs = WireWriter(capacity: 64 << 10)
        let began = monotonicNanoseconds()
        let isLast = try reader.read(keys: chunkKeys, bytes: 2 * limit, into: &pairs)
        let nanoseconds = monotonicNanoseconds() - began
        service.context.meter.rangeEnded(nanoseconds: nanoseconds, isSuccess: true)
        var answer = RangeAnswer()
        if isLast {
            answer.header = header
            answer.count = reader.count
            answer.more = reader.more
        }
        let bytes = pairs.written
        send(answer, pairs: bytes, on: call)
        if bytes.count < limit / 2 {
            chunkKeys = min(chunkKeys * 2, 1 << 20)
        } else if bytes.count >= 2 * limit {
            chunkKeys = max(chunkKeys / 2, 1)
        }
        return isLast
    }

    private func send(_ answer: RangeAnswer, pairs: [UInt8], on call: GRPCServerCall) {
        let inner = answer.encodedSize(keyValuesSizeBytes: pairs.count)
        call.send(lengthBytes: WireSize.explicitBytes(inner, field: 1)) { memory in
            var writer = WireWriter(into: memory)
            writer.appendLength(inner, field: 1)
            answer.encodeHead(into: &writer)
            writer.append(pairs)
            answer.encodeTail(into: &writer)
        }
    }
}

extension RequestChecks {
    static func checkStream(_ request: RangeRequest) -> EtcdError? {
        if let error = check(request) { return error }
        let isPlain =
            request.sortOrder == .none
            || (request.sortTarget == .key && request.sortOrder == .ascend)
        guard isPlain else { return .rangeStreamSortOrder }
        let isFiltered =
            request.minModRevision != 0 || request.maxModRevision != 0
            || request.minCreateRevision != 0 || request.maxCreateRevision != 0
        return isFiltered ? .rangeStreamRevisionFilter : nil
    }
}
