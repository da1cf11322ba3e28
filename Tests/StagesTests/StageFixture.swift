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
    func applied(_ applied: AppliedEntry, _ entry: Entry) {}
}

enum StageFixture {
    static func makeState(
        _ configuration: StateMachineConfiguration = StateMachineConfiguration()
    ) throws -> StateMachine {
        let disk = MemoryDisk(seed: 1)
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
    static func put(_ index: UInt64, id: UInt64, bytes: Int = 10) -> Entry {
        let request = PutRequest(
            key: [UInt8("a".utf8.first ?? 0)][...],
            value: [UInt8](repeating: 1, count: bytes)[...])
        let payload = request.encoded()
        let data = payload.withUnsafeBytes {
            InternalRaftRequest.wrap(id: id, field: InternalRaftRequest.Field.put, payload: $0)
        }
        return Entry(term: Term(2), index: LogIndex(index), data: data)
    }
}
