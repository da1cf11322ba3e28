/// A watch: the changes of keys from a revision on, in order, without a gap or a repetition.
///
/// When the connection or the member is lost, the watch goes on elsewhere behind the last event
/// that it has delivered. A slow reader holds back the server, not the memory of this process. It
/// ends by throwing: `compacted(at:)` if revisions that it needs are compacted, `permissionDenied`,
/// `cancelled`, `clientClosed`. One task iterates it.
public struct Watch: AsyncSequence, Sendable {
    public typealias Element = WatchUpdate

    let stream: WatchStream

    public func makeAsyncIterator() -> Iterator { Iterator(stream: stream) }

    public struct Iterator: AsyncIteratorProtocol {
        let stream: WatchStream

        /// The next update. Never nil: a watch ends by throwing.
        public mutating func next() async throws(EtcdClientError) -> WatchUpdate? {
            try await stream.next()
        }
    }

    /// Asks the member to send an update without events, whose revision says up to where all
    /// changes are reported. The response comes in the order of the events.
    public func requestProgress() { stream.requestProgress() }
}

extension EtcdClient {
    /// Watches keys as long as `body` runs.
    ///
    /// The watch exists when `body` begins: changes that are made from then on are reported.
    ///
    /// - Throws: `permissionDenied`, `emptyKey`, the errors of availability if the watch cannot be
    ///   created within the timeout of calls, and the errors of `body`.
    @discardableResult
    public func withWatch<Result>(
        _ keys: KeyRange, _ options: WatchOptions = WatchOptions(),
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Watch) async throws -> Result
    ) async throws -> Result {
        let stream = WatchStream(client: self, keys: keys, options: options)
        defer { stream.cancel() }
        try await stream.create()
        return try await body(Watch(stream: stream))
    }

    /// Watches keys; the watch is created when it is iterated, and ends when it is released.
    public func watch(_ keys: KeyRange, _ options: WatchOptions = WatchOptions()) -> Watch {
        Watch(stream: WatchStream(client: self, keys: keys, options: options))
    }
}
