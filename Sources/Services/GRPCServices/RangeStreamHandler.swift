internal import Auth
internal import EtcdAPI
internal import GRPC
internal import HTTP2
internal import Identifiers
internal import MonotonicClock
internal import MVCC
internal import NIOCore
internal import MemberRuntime
internal import StateMachine

/// KV.RangeStream: one revision in chunks that grow while they are small. Only the last chunk has
/// the count of keys. A count-only request gets one message without pairs.
final class RangeStreamHandler: GRPCCallHandler {
    private static let firstChunkKeys = 10

    private let service: KVService
    private let rule: RPCRule
    private var reader: RangeReader?
    private var header: ResponseHeader?
    private var chunkKeys = firstChunkKeys
    private var isPrepared = false
    private var isRunning = false

    init(service: KVService, rule: RPCRule) {
        self.service = service
        self.rule = rule
    }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        let context = service.context
        guard let request = try? RangeRequest(decoding: message) else {
            return call.finish(.undecodable)
        }
        if let error = RequestChecks.checkStream(request) { return call.fail(error) }
        CallTrace.of(call)?.beginRequest(StreamedRange(request: request))
        context.identify(call, rule) { [self] caller in
            guard !request.serializable else {
                return open(call, request, caller, term: context.runtime.term)
            }
            context.linearized(call) { [self] term in open(call, request, caller, term: term) }
        }
    }

    func receiveHalfClose(on call: GRPCServerCall) {}

    func becameWritable(_ call: GRPCServerCall) { run(call) }

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) { reader?.close() }

    private func open(
        _ call: GRPCServerCall, _ request: RangeRequest, _ caller: Identity, term: Term
    ) {
        do throws(ReadError) {
            let reader = try service.context.runtime.store.openRange(request, by: caller)
            header = service.context.header(revision: reader.storeRevision, term: term)
            self.reader = reader
            run(call)
        } catch {
            call.fail(service.context.runtime.clientError(for: error))
        }
    }

    /// Sends chunks, one per tick of the event loop, while the call is writable.
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
            return call.fail(service.context.runtime.clientError(for: error))
        }
        call.eventLoop.assumeIsolated().execute { self.run(call) }
    }

    private func sendChunk(
        _ reader: RangeReader, _ call: GRPCServerCall
    ) throws(ReadError) -> Bool {
        let limit = service.context.configuration.requestBytesMax
        var pairs = WireWriter(capacity: 64 << 10)
        let began = MonotonicTime.now()
        let isLast = try reader.read(keys: chunkKeys, bytes: 2 * limit, into: &pairs)
        let time = MonotonicTime.now() - began
        service.context.metrics.rangeEnded(took: time, isSuccess: true)
        var response = RangeResponse()
        if isLast {
            response.header = header
            response.count = reader.count
            response.more = reader.more
        }
        let bytes = pairs.written
        send(response, pairs: bytes, on: call)
        if bytes.count < limit / 2 {
            chunkKeys = min(chunkKeys * 2, 1 << 20)
        } else if bytes.count >= 2 * limit {
            chunkKeys = max(chunkKeys / 2, 1)
        }
        return isLast
    }

    private func send(_ response: RangeResponse, pairs: [UInt8], on call: GRPCServerCall) {
        let inner = response.encodedSize(keyValuesSizeBytes: pairs.count)
        call.send(lengthBytes: WireSize.explicitBytes(inner, field: 1)) { buffer in
            var writer = WireWriter(into: buffer)
            writer.appendLength(inner, field: 1)
            response.encodeHead(into: &writer)
            writer.append(pairs)
            response.encodeTail(into: &writer)
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
