import Bolt
import Disk
import EtcdAPI
import MVCC
import Membership
import Raft
import Replica
import StateMachine
import Synchronization

@testable import Stages

/// Gathers answers.
final class GatheringSink: ReplySink {
    private let gathered = Mutex<[Reply]>([])

    func deliver(_ replies: [Reply]) { gathered.withLock { $0 += replies } }

    func takeAll() -> [Reply] {
        gathered.withLock { replies in
            defer { replies = [] }
            return replies
        }
    }

    func address(_ token: UInt64) -> ReplyAddress { ReplyAddress(sink: self, token: token) }
}

extension Reply {
    /// In words, so that tests can compare.
    var told: String {
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
    static func makeState(_ settings: StateSettings = StateSettings()) throws -> StateMachine {
        let disk = MemoryDisk(seed: 1)
        let bolt = try Bolt.open(
            disk: disk, path: "/db",
            options: BoltOptions(initialMapBytes: 1 << 24, bucketsAreFlat: true))
        return try StateMachine(
            bolt: bolt,
            membership: ClusterMembership(
                localID: .init(rawValue: 1), clusterID: .init(rawValue: 9)),
            settings: settings, storeConfiguration: StoreConfiguration(indexReservedBytes: 1 << 26))
    }

    static func makeReplica(members: [UInt64]) -> Replica {
        let machine = RaftMachine(
            RaftConfiguration(id: MemberID(1), preVote: false, seed: 1),
            founders: members.map { FoundingMember(id: MemberID($0), context: []) })
        return Replica(
            machine,
            settings: ReplicaSettings(
                snapshotCount: 1000, catchUpEntries: 100, tickMilliseconds: 100),
            snapshotIndex: .zero, firstRound: 1)
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
