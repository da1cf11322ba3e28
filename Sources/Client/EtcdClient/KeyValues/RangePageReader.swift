internal import EtcdAPI
internal import GRPC
internal import Identifiers

/// One iteration of `RangePages`.
final class RangePageReader: @unchecked Sendable {
    // `@unchecked Sendable`: one task iterates; `deinit` only cancels.
    private let client: EtcdClient
    private let pageLimit: Int64
    private var keys: KeyRange
    private var options: RangeOptions
    private var stream: ClusterCalls.Stream?
    /// False once a member does not know the call.
    private var streams = true
    private var isAtEnd = false
    private var failures = 0

    init(_ pages: RangePages) {
        client = pages.client
        pageLimit = pages.pageLimit
        keys = pages.keys
        options = pages.options
        // Members do not stream ranges with revision filters.
        streams = pages.options.modRevisions == nil && pages.options.createRevisions == nil
    }

    deinit {
        stream?.stream.cancel()
    }

    func next() async throws(EtcdClientError) -> [KeyValuePair]? {
        while !isAtEnd {
            let response: RangeResponse?
            do throws(EtcdClientError) {
                response = try await receive()
            } catch {
                try await prepareRepetition(after: error)
                continue
            }
            guard let response else { continue }
            failures = 0
            if let pairs = take(response) { return pairs }
        }
        return nil
    }

    /// Advances behind the pairs of a response; nil if it has none.
    private func take(_ response: RangeResponse) -> [KeyValuePair]? {
        guard let last = response.pairs.last else { return nil }
        if options.limit > 0 {
            options.limit -= Int64(response.pairs.count)
            if options.limit <= 0 { isAtEnd = true }
        }
        if keys.end.isEmpty { isAtEnd = true }
        keys = KeyRange(start: last.key + [0], end: keys.end)
        return response.pairs
    }

    private func receive() async throws(EtcdClientError) -> RangeResponse? {
        if options.revision == 0 { try await fixRevision() }
        return streams ? try await receiveStreamed() : try await receivePage()
    }

    /// Learns the revision that all pieces are read at: a stream only ends with it.
    private func fixRevision() async throws(EtcdClientError) {
        let first = RangeOptions(isSerializable: options.isSerializable, countOnly: true)
        let response = try await client.range(KeyRange(start: keys.start, end: []), first)
        options.revision = response.header.revision
    }

    private func receivePage() async throws(EtcdClientError) -> RangeResponse? {
        var page = options
        page.limit = options.limit > 0 ? min(options.limit, pageLimit) : pageLimit
        let response = try await client.range(keys, page)
        if !response.hasMore { isAtEnd = true }
        return response
    }

    private func receiveStreamed() async throws(EtcdClientError) -> RangeResponse? {
        let stream = try await openStream()
        let message: [UInt8]?
        do throws(GRPCStatus) {
            message = try await stream.stream.next()
        } catch {
            throw client.cluster.failed(EtcdClientError(error), stream)
        }
        guard let message else {
            isAtEnd = true
            return nil
        }
        return try StreamedRange(message, client.prefix).response
    }

    private func openStream() async throws(EtcdClientError) -> ClusterCalls.Stream {
        if let stream { return stream }
        let opened = try await client.cluster.stream(.rangeStream)
        opened.stream.send(RangeRequest(keys, options, client.prefix).encoded())
        opened.stream.halfClose()
        stream = opened
        return opened
    }

    private func prepareRepetition(
        after error: EtcdClientError
    ) async throws(EtcdClientError) {
        stream?.stream.cancel()
        stream = nil
        if streams, error.reason == .unimplemented {
            streams = false
            return
        }
        let policy = client.cluster.configuration.retries
        guard streams, policy.repeatsReads, failures < policy.retriesMax,
            error.isOfConnection || client.cluster.mayRenewToken(after: error)
        else { throw error }
        client.cluster.resumed(.rangeStream, after: error)
        failures += 1
        do {
            try await Task.sleep(for: policy.pause(before: failures - 1))
        } catch {
            throw .cancelled
        }
    }
}

extension EtcdClientError {
    /// The connection or the member was lost: a stream can go on elsewhere.
    var isOfConnection: Bool {
        switch reason {
        case .unavailable, .noLeader, .leaderChanged, .serverTimeout: true
        default: code == .internal
        }
    }
}

/// A message of RangeStream.
private struct StreamedRange: DecodableResponse {
    let response: RangeResponse?

    init(from reader: inout WireReader, _ decoding: ResponseDecoding) throws(WireError) {
        var response: RangeResponse?
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): response = try .nested(in: &reader, decoding)
            default: try reader.skip(tag)
            }
        }
        self.response = response
    }
}
