import Auth
import Bolt
import Disk
import EtcdAPI
import Identifiers
import Lease
import MVCC
import Membership
import SwiftProtobuf
import Testing

@testable import StateMachine

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A state machine on an in-memory file, which can be closed and reopened.
final class StateFixture {
    let disk: any Disk
    private let configuration: StateMachineConfiguration
    private let storeConfiguration: StoreConfiguration
    private(set) var bolt: Bolt
    private(set) var state: StateMachine
    var nextIndex: LogIndex = 1
    /// Whether somebody waits for the responses.
    var isAwaited = true
    /// The error of the last entry.
    private(set) var lastError: EtcdError?

    init(
        _ configuration: StateMachineConfiguration = StateMachineConfiguration(),
        indexReservedBytes: Int = 256 << 20, sliceKeys: Int = 1024
    ) throws {
        self.configuration = configuration
        storeConfiguration = StoreConfiguration(
            sliceKeys: sliceKeys, indexReservedBytes: indexReservedBytes)
        disk = MemoryDisk()
        bolt = try Bolt.open(disk: disk, path: "db", configuration: Self.options)
        let transaction = bolt.beginWrite()
        for name in [
            "alarm", "auth", "cluster", "key", "lease", "members", "members_removed", "meta",
        ] {
            _ = try transaction.createBucketIfMissing(bytes(name))
        }
        try transaction.commit()
        state = try Self.start(bolt, configuration, storeConfiguration)
    }

    deinit { bolt.close() }

    private static var options: BoltConfiguration {
        BoltConfiguration(initialMapBytes: 256 << 20, growthStepBytes: 0)
    }

    private static func start(
        _ bolt: Bolt, _ configuration: StateMachineConfiguration,
        _ storeConfiguration: StoreConfiguration
    ) throws -> StateMachine {
        try StateMachine(
            bolt: bolt,
            membership: ClusterMembership(
                localID: MemberID(rawValue: 1), clusterID: ClusterID(rawValue: 2)),
            configuration: configuration,
            storeConfiguration: storeConfiguration)
    }

    /// Closes and reopens the file; changes that were not persisted are lost.
    func restart(persisting: Bool = true) throws {
        if persisting { try state.store.persist() }
        bolt.close()
        bolt = try Bolt.open(disk: disk, path: "db", configuration: Self.options)
        state = try Self.start(bolt, configuration, storeConfiguration)
    }

    /// Applies an entry as a separate batch.
    @discardableResult
    func apply(_ entry: CommittedEntry) throws -> AppliedEntry {
        var applied: AppliedEntry?
        try state.applyBatch { applied = try state.apply(entry, isAwaited: { _ in isAwaited }) }
        nextIndex = max(nextIndex, entry.index.next)
        lastError = applied?.error
        return try #require(applied)
    }

    @discardableResult
    func apply(_ kind: CommittedEntry.Kind, _ data: [UInt8]) throws -> AppliedEntry {
        try apply(CommittedEntry(index: nextIndex, term: 3, kind: kind, data: data))
    }

    @discardableResult
    func request(_ field: UInt32, _ payload: [UInt8]) throws -> AppliedEntry {
        try apply(.request, wrapped(field, payload))
    }

    @discardableResult
    func rare(_ field: UInt32, _ message: some SwiftProtobuf.Message) throws -> AppliedEntry {
        try request(field, try message.serializedBytes())
    }

    @discardableResult
    func put(
        _ key: String, _ value: String = "", lease: Int64 = 0, prevKV: Bool = false,
        ignoreValue: Bool = false, ignoreLease: Bool = false
    ) throws -> AppliedEntry {
        let request = PutRequest(
            key: bytes(key)[...], value: bytes(value)[...], lease: lease, prevKV: prevKV,
            ignoreValue: ignoreValue, ignoreLease: ignoreLease)
        return try self.request(InternalRaftRequest.Field.put, request.encoded())
    }

    @discardableResult
    func delete(_ key: String, end: String = "", prevKV: Bool = false) throws -> AppliedEntry {
        let request = DeleteRangeRequest(
            key: bytes(key)[...], rangeEnd: bytes(end)[...], prevKV: prevKV)
        return try self.request(InternalRaftRequest.Field.deleteRange, request.encoded())
    }

    @discardableResult
    func txn(_ request: TxnRequest) throws -> AppliedEntry {
        try self.request(InternalRaftRequest.Field.txn, request.encoded())
    }

    /// Executes a transaction without the log.
    ///
    /// - Parameter between: called between two slices.
    @discardableResult
    func evaluate(
        _ request: TxnRequest, by identity: Identity, between: () -> Void = {}
    ) throws(ReadError) -> (response: TxnResponse, revision: Revision) {
        let transaction = try ReadOnlyTransaction(request, by: identity, in: state.store)
        while try !transaction.advance() { between() }
        return (transaction.response, transaction.revision)
    }

    @discardableResult
    func grant(_ id: Int64, seconds: Int64) throws -> AppliedEntry {
        try request(
            InternalRaftRequest.Field.leaseGrant,
            LeaseGrantRequest(ttlSeconds: seconds, id: id).encoded())
    }

    @discardableResult
    func revoke(_ id: Int64) throws -> AppliedEntry {
        var request = LeaseRevokeRequest()
        request.id = id
        return try self.request(InternalRaftRequest.Field.leaseRevoke, request.encoded())
    }

    @discardableResult
    func compact(_ revision: Revision, physical: Bool = false) throws -> AppliedEntry {
        var request = CompactionRequest()
        request.revision = revision.rawValue
        request.physical = physical
        return try self.request(InternalRaftRequest.Field.compaction, request.encoded())
    }

    @discardableResult
    func alarm(
        _ action: Etcdserverpb_AlarmRequest.AlarmAction, _ type: Etcdserverpb_AlarmType,
        member: UInt64 = 1
    ) throws -> AppliedEntry {
        var request = Etcdserverpb_AlarmRequest()
        request.action = action
        request.alarm = type
        request.memberID = member
        return try rare(InternalRaftRequest.Field.alarm, request)
    }

    /// The stored pair of a key, if it exists.
    func pair(_ key: String) throws -> KeyValue? {
        let stored = try bytes(key).withUnsafeBytes {
            try state.store.keyValue(of: $0, at: state.store.revisions.current)
        }
        return try stored.map { try KeyValue(decoding: $0) }
    }

    func value(_ key: String) throws -> String? {
        try pair(key).map { String(decoding: $0.value, as: UTF8.self) }
    }

    var revision: Revision { state.store.revisions.current }

    func stored(_ bucket: String, _ key: String) throws -> [UInt8]? {
        let reading = bolt.beginRead()
        defer { reading.end() }
        return try reading.bucket(bytes(bucket))?.get(bytes(key))
    }

    /// Changes the file behind the state machine.
    func edit(_ body: (BoltWriteTransaction) throws -> Void) throws {
        try state.store.persist()
        let transaction = bolt.beginWrite()
        try body(transaction)
        try transaction.commit()
    }

    func finishCompactions() throws {
        try state.store.persist()
        while try state.store.compactionStep() != .idle {}
        try state.store.persist()
    }

    func fileHash() throws -> UInt32 {
        try state.store.persist()
        let reading = bolt.beginRead()
        defer { reading.end() }
        return try Store.hashFile(reading)
    }
}

/// The entry data of a request with ID 77.
func wrapped(_ field: UInt32, _ payload: [UInt8]) -> [UInt8] {
    payload.withUnsafeBytes { InternalRaftRequest.wrap(id: 77, field: field, payload: $0) }
}

extension AppliedEntry {
    var error: EtcdError? {
        if case .failed(let error) = response.body { error } else { nil }
    }

    var transaction: TxnResponse? {
        if case .txn(let txn) = response.body { txn } else { nil }
    }

    var isDone: Bool {
        if case .done = response.body { true } else { false }
    }

    var isOmitted: Bool {
        if case .omitted = response.body { true } else { false }
    }
}

func putting(_ key: String, _ value: String = "", lease: Int64 = 0) -> RequestOp {
    .put(PutRequest(key: bytes(key)[...], value: bytes(value)[...], lease: lease))
}

func reading(_ key: String, revision: Revision = 0) -> RequestOp {
    var request = RangeRequest(key: bytes(key)[...])
    request.revision = revision.rawValue
    return .range(request)
}

func deleting(_ key: String, end: String = "") -> RequestOp {
    .deleteRange(DeleteRangeRequest(key: bytes(key)[...], rangeEnd: bytes(end)[...]))
}
