import Auth
import Bolt
import Disk
import EtcdAPI
import Identifiers
import MVCC
import Membership
import MonotonicClock
import Raft
import Replica
import StateMachine
import SwiftProtobuf
import Synchronization
import TestSupport

@testable import Stages

/// Collects completions.
final class CollectingReceiver: CompletionReceiver {
    private let received = Mutex<[Completion]>([])

    func deliver(_ completions: [Completion]) { received.withLock { $0 += completions } }

    func takeAll() -> [Completion] {
        received.withLock { completions in
            defer { completions = [] }
            return completions
        }
    }

    func address(_ token: UInt64) -> CompletionAddress {
        CompletionAddress(receiver: self, token: token)
    }
}

extension Completion {
    /// As text, so that tests can compare.
    var summary: String {
        switch value {
        case .applied: "\(token) applied"
        case .readable: "\(token) readable"
        case .failed(let error): "\(token) \(error.message)"
        }
    }
}

final class NoObserver: ApplyObserver {
    /// The indexes of applied requests about users.
    private(set) var authIndexes: [LogIndex] = []
    /// The indexes of entries whose response was not built.
    private(set) var omitted: [LogIndex] = []

    func applied(_ applied: AppliedEntry, _ entry: Entry, began: MonotonicTime) {
        if case .omitted = applied.response.body { omitted.append(entry.index) }
    }
    func authApplied(_ response: AuthResponse, index: LogIndex) { authIndexes.append(index) }
    func authReplaced(isEnabled: Bool) {}
}

enum StageFixture {
    static func makeState(
        _ configuration: StateMachineConfiguration = StateMachineConfiguration(),
        disk: MemoryDisk = MemoryDisk(seed: 1)
    ) throws -> StateMachine {
        let bolt = try Bolt.open(
            disk: disk, path: "/db",
            configuration: BoltConfiguration(initialMapBytes: 1 << 24, bucketsAreFlat: true))
        return try StateMachine(
            bolt: bolt,
            membership: ClusterMembership(
                localID: .init(rawValue: 1), clusterID: .init(rawValue: 9)),
            configuration: configuration,
            storeConfiguration: StoreConfiguration(indexReservedBytes: 1 << 26))
    }

    /// Applies entries that make root and enable authentication.
    static func enableAuth(_ state: StateMachine) throws {
        typealias Field = InternalRaftRequest.Field
        var user = Etcdserverpb_AuthUserAddRequest()
        user.name = "root"
        var grant = Etcdserverpb_AuthUserGrantRoleRequest()
        (grant.user, grant.role) = ("root", "root")
        let requests: [(UInt32, [UInt8])] = [
            (Field.authUserAdd, try user.serializedBytes()),
            (Field.authUserGrantRole, try grant.serializedBytes()), (Field.authEnable, []),
        ]
        for (field, payload) in requests { try apply(field, payload, to: state) }
    }

    /// Applies the NOSPACE alarm of member 1.
    static func activateSpaceAlarm(_ state: StateMachine) throws {
        var alarm = Etcdserverpb_AlarmRequest()
        (alarm.action, alarm.memberID, alarm.alarm) = (.activate, 1, .nospace)
        try apply(InternalRaftRequest.Field.alarm, try alarm.serializedBytes(), to: state)
    }

    private static func apply(
        _ field: UInt32, _ payload: [UInt8], to state: StateMachine
    ) throws {
        let index = state.appliedIndex.next
        let data = payload.withUnsafeBytes {
            InternalRaftRequest.wrap(id: index.rawValue, field: field, payload: $0)
        }
        try state.applyBatch {
            _ = try state.apply(
                CommittedEntry(index: index, term: Term(2), kind: .request, data: data))
        }
    }

    static func makeReplica(members: [UInt64]) -> Replica {
        let machine = RaftMachine(
            RaftConfiguration(id: MemberID(1), preVote: false, seed: 1),
            initialPeers: members.map { InitialPeer(id: MemberID($0), context: []) })
        return Replica(
            machine,
            configuration: ReplicaConfiguration(
                snapshotCount: 1000, catchUpEntries: 100, tickInterval: 100),
            snapshotIndex: .zero, firstReadContext: 1)
    }

    /// The entry of a put.
    static func put(
        _ index: UInt64, id: UInt64, key: String = "a", bytes: Int = 10, lease: Int64 = 0
    ) -> Entry {
        let request = PutRequest(
            key: Array(key.utf8)[...], value: [UInt8](repeating: 1, count: bytes)[...],
            lease: lease)
        return entry(index, id: id, InternalRaftRequest.Field.put, request.encoded())
    }

    /// The entry of a request by root.
    static func entry(
        _ index: UInt64, id: UInt64, _ field: UInt32, _ payload: [UInt8]
    ) -> Entry {
        let data = payload.withUnsafeBytes {
            InternalRaftRequest.wrap(
                id: id, username: "root", authRevision: 100, field: field, payload: $0)
        }
        return Entry(term: Term(2), index: LogIndex(index), data: data)
    }
}
