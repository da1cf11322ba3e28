public import Identifiers

/// An election that this client has won.
public struct Leadership: Sendable {
    /// The key that exists as long as this client leads.
    public let key: [UInt8]
    /// The revision of the key: greater for each leader, a fencing token for other systems.
    public let revision: Revision
    public let lease: Lease
    private let client: EtcdClient

    init(_ queued: QueuedKey, _ lease: Lease, _ client: EtcdClient) {
        key = queued.key
        revision = queued.createRevision
        self.lease = lease
        self.client = client
    }

    /// Holds in a transaction as long as this client leads.
    public var isHeld: Transaction.Condition {
        .createRevision(of: .key(key), .equal, revision)
    }

    /// Changes the value that observers see.
    ///
    /// - Throws: `notElected` if this client does not lead any more, and the errors of `put`.
    public func proclaim(_ value: some EtcdBytes) async throws(EtcdClientError) {
        let response = try await client.commit(
            .when(isHeld).then(.put(key, value, lease: lease.id)), isIdempotent: true)
        guard response.succeeded else { throw .notElected }
    }
}

extension EtcdClient {
    /// Runs `body` while this client leads an election, which it joins as a candidate.
    ///
    /// Elections are those of other etcd clients and of `etcdctl elect`. The client resigns when
    /// `body` ends. If the lease cannot be renewed in time, `body` is cancelled before another
    /// candidate may lead, and `leaseLost` is thrown.
    ///
    /// - Parameters:
    ///   - value: what observers see, such as the address of this process.
    ///   - ttl: time until another candidate leads if this process stops.
    ///   - patience: how long to wait for the election; nil: until the task is cancelled.
    /// - Throws: as `withLock`.
    @discardableResult
    public func withElection<Result: Sendable>(
        _ name: some EtcdBytes, value: some EtcdBytes, ttl: Duration = .seconds(10),
        patience: Duration? = nil,
        _ body: @escaping @Sendable (Leadership) async throws -> Result
    ) async throws -> Result {
        let line = WaitingLine(self, name)
        let value = value.etcdBytes
        return try await withLease(ttl: ttl) { lease in
            let queued = try await line.reachFront(lease, value: value, patience: patience)
            return try await body(Leadership(queued, lease, self))
        }
    }

    /// The leader of an election with its value; nil while the election has no leader.
    public func leader(
        of name: some EtcdBytes, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> KeyValuePair? {
        try await WaitingLine(self, name).first(timeout: timeout).pair
    }

    /// The leaders of an election: the current one, then each that follows, and each value that one
    /// proclaims. Ends by throwing, as a watch does.
    public func leaders(of name: some EtcdBytes) -> Leaders {
        Leaders(line: WaitingLine(self, name))
    }
}

/// The leaders of an election, one after the other.
public struct Leaders: AsyncSequence, Sendable {
    public typealias Element = KeyValuePair

    let line: WaitingLine

    public func makeAsyncIterator() -> Iterator { Iterator(line: line) }

    public struct Iterator: AsyncIteratorProtocol {
        let line: WaitingLine
        private var leader: KeyValuePair?
        private var watch: Watch.Iterator?

        init(line: WaitingLine) {
            self.line = line
        }

        /// The next leader or value. Never nil.
        public mutating func next() async throws(EtcdClientError) -> KeyValuePair? {
            while true {
                if watch == nil, let found = try await begin() { return found }
                guard let update = try await watch?.next() else { continue }
                for event in update.events {
                    guard event.kind == .put else {
                        watch = nil
                        break
                    }
                    if leader == nil || event.pair.key == leader?.key {
                        leader = event.pair
                        return event.pair
                    }
                }
            }
        }

        /// Reads the leader and watches it; without one watches for a candidate.
        private mutating func begin() async throws(EtcdClientError) -> KeyValuePair? {
            let (pair, revision) = try await line.first()
            leader = pair
            let keys: KeyRange = pair.map { .key($0.key) } ?? .prefix(line.prefix)
            watch = line.client.watch(keys, WatchOptions(from: revision.next))
                .makeAsyncIterator()
            return pair
        }
    }
}
