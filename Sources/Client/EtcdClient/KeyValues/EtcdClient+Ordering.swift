internal import EtcdAPI
internal import Synchronization

extension EtcdClient {
    /// Records the revision of a response, below which no ordered read may fall.
    func seen<Response>(
        _ response: Response, _ header: KeyPath<Response, ResponseHeader>
    ) -> Response {
        if cluster.configuration.ordersSerializableReads {
            let revision = response[keyPath: header].revision.rawValue
            cluster.newestRevision.max(revision, ordering: .relaxed)
        }
        return response
    }

    /// A serializable read that is repeated until it is as new as all earlier responses.
    func orderedRange(
        _ request: [UInt8], _ timeout: Duration?
    ) async throws(EtcdClientError) -> RangeResponse {
        let deadline = CallDeadline(after: timeout ?? cluster.configuration.timeout)
        var repetitions = 0
        while true {
            let newest = cluster.newestRevision.load(ordering: .relaxed)
            let bytes = try await cluster.unary(
                .serializableRange, request, timeout: Duration(deadline.remaining))
            let response = try seen(RangeResponse(bytes, prefix), \.header)
            if response.header.revision.rawValue >= newest { return response }
            // The next attempt is on the next endpoint.
            let pause = cluster.configuration.retries.pause(before: repetitions)
            repetitions += 1
            do throws(EtcdClientError) {
                try await deadline.pause(pause)
            } catch {
                throw error.reason == .cancelled ? error : .staleMembers
            }
        }
    }
}

extension EtcdClientError {
    fileprivate static let staleMembers = EtcdClientError(
        .staleMembers, code: .unavailable,
        message: "no reachable member is as new as an earlier response")
}
