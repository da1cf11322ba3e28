import InitialMembers
@testable import ServerLogging
@testable import Configuration
@testable import Bootstrap
import Bolt
import DNS
import Disk
import EtcdAPI
import Identifiers
import Raft
import Replica
import StateMachine
import TestSupport
import Testing
import WriteAheadLog

@testable import EtcdServer

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A data directory, and the configuration to start a member with.
final class BootstrapFixture {
    let directory: String
    let disk: any Disk
    var configuration = ServerConfiguration()
    /// The responses of the peer URLs of other members; unreachable by default.
    var peers = ClusterProbe { url, path, _ in throw UnreachablePeer(address: url + path) }

    var services = ServiceLookup()

    private var temporaryDirectory: TemporaryDirectory?

    /// On the real disk.
    convenience init() throws {
        let temporary = try TemporaryDirectory()
        try self.init(temporary.path, on: RealDisk())
        temporaryDirectory = temporary
    }

    init(_ directory: String, on disk: any Disk) throws {
        self.directory = directory
        self.disk = disk
        if !disk.exists(directory) {
            try disk.createDirectory(directory, permissions: 0o700)
            try disk.synchronizeDirectory("/")
        }
        configuration.name = "one"
        configuration.dataDirectory = directory + "/data"
        configuration.initialClusterToken = "tok1"
        try setPeerURL("http://127.0.0.1:42180")
    }

    func setPeerURL(_ url: String) throws {
        configuration.initialCluster = "\(configuration.name)=\(url)"
        configuration.initialAdvertisePeerURLs = try EndpointURLList(flagText: url)
    }

    var database: String { configuration.dataDirectory + "/member/snap/db" }
    var log: String { configuration.dataDirectory + "/member/wal" }

    func start() async throws -> StartingMember {
        try await MemberBootstrap(
            configuration, disk: disk,
            logger: ServerLogger(destination: LogDestination(outputs: [])),
            startUnixMilliseconds: 1_700_000_000_000, peers: peers, services: services
        ).run()
    }

    /// The error text of a refused start; nil if it succeeds.
    func refusal() async throws -> String? {
        do {
            stop(try await start())
            return nil
        } catch let error as BootstrapError {
            return error.description
        }
    }

    func stop(_ member: StartingMember) {
        try? member.parts.log.close()
        member.parts.state.bolt.close()
    }

    /// Elects the member and applies what it commits; entries are durable before they commit.
    func run(_ member: StartingMember) throws {
        var replica = member.parts.replica
        var effects: [ReplicaEffect] = []
        for input in [ReplicaInput.tick, .campaign] {
            try replica.step(input, into: &effects)
            replica.takeEffects(into: &effects)
            while !effects.isEmpty {
                let (writes, committed) = (Self.writes(of: effects), Self.committed(of: effects))
                effects.removeAll()
                if writes.isEmpty, committed.isEmpty { break }
                for write in writes {
                    try member.parts.log.append(
                        entries: write.entries.map { RaftEntry($0) },
                        hardState: write.hardState.map { RaftHardState($0) })
                    try member.parts.log.synchronize()
                    try replica.step(.written(write.number), into: &effects)
                }
                if !committed.isEmpty {
                    try replica.step(
                        .applied(try apply(committed, to: member.parts.state)), into: &effects)
                }
                replica.takeEffects(into: &effects)
            }
            effects.removeAll()
        }
        try member.parts.state.store.persist()
    }

    private func apply(_ entries: [Entry], to state: StateMachine) throws -> ApplyProgress {
        var progress = ApplyProgress(index: 0)
        try state.applyBatch {
            for entry in entries {
                let applied = try state.apply(
                    CommittedEntry(
                        index: entry.index, term: entry.term,
                        kind: entry.type == .normal ? .request : .memberChange,
                        data: entry.data))
                progress.index = entry.index
                if let change = applied.change { progress.configurationChanges.append(change) }
            }
        }
        return progress
    }

    /// Changes one key of the stopped member's database.
    func edit(
        _ bucket: String, _ key: String, _ value: [UInt8], at path: String? = nil
    ) throws {
        let bolt = try Bolt.open(disk: disk, path: path ?? database)
        defer { bolt.close() }
        let transaction = bolt.beginWrite()
        try transaction.createBucketIfMissing(bytes(bucket)).put(bytes(key), value)
        try transaction.commit()
    }

    /// A value in the database of a member that is not stopped.
    func stored(
        _ bucket: String, _ key: String, of member: StartingMember
    ) throws -> [UInt8]? {
        let reading = member.parts.state.bolt.beginRead()
        defer { reading.end() }
        return try reading.bucket(bytes(bucket))?.get(bytes(key))
    }

    /// Commits and applies puts of `keys`, each with the key as its value.
    func put(_ keys: [String], on member: StartingMember) throws {
        let log = member.parts.log
        var index = log.lastIndex.rawValue
        var entries: [RaftEntry] = []
        for key in keys {
            index += 1
            let put = PutRequest(key: bytes(key)[...], value: bytes(key)[...]).encoded()
            let data = put.withUnsafeBytes {
                InternalRaftRequest.wrap(
                    id: index, field: InternalRaftRequest.Field.put, payload: $0)
            }
            entries.append(
                RaftEntry(type: .normal, term: log.hardState.term, index: index, data: data))
        }
        var state = log.hardState
        state.commit = index
        try log.append(entries: entries, hardState: state)
        try log.synchronize()
        _ = try apply(entries.compactMap { Entry($0) }, to: member.parts.state)
        try member.parts.state.store.persist()
    }

    /// Commits and applies changes of members.
    func change(_ changes: [RaftConfChange], on member: StartingMember) throws {
        let log = member.parts.log
        var state = log.hardState
        state.term = max(state.term, 1)
        var entries: [RaftEntry] = []
        for change in changes {
            state.commit = (log.lastIndex + entries.count).next.rawValue
            entries.append(
                RaftEntry(
                    type: .confChange, term: state.term, index: state.commit,
                    data: change.encoded()))
        }
        try log.append(entries: entries, hardState: state)
        try log.synchronize()
        _ = try apply(entries.compactMap { Entry($0) }, to: member.parts.state)
        try member.parts.state.store.persist()
    }

    private static func writes(of effects: [ReplicaEffect]) -> [LogWrite] {
        effects.compactMap { effect in
            if case .write(let write, _) = effect { write } else { nil }
        }
    }

    private static func committed(of effects: [ReplicaEffect]) -> [Entry] {
        effects.flatMap { effect in
            if case .commit(let entries) = effect { entries } else { [Entry]() }
        }
    }

    /// The value of a key in the member's store.
    func value(of key: String, on member: StartingMember) throws -> String? {
        let store = member.parts.state.store
        let stored = try bytes(key).withUnsafeBytes {
            try store.keyValue(of: $0, at: store.revisions.current)
        }
        guard let stored else { return nil }
        return String(decoding: try KeyValue(decoding: stored).value, as: UTF8.self)
    }

    func content(of path: String) throws -> [UInt8] {
        let file = try disk.open(path, .read)
        defer { file.close() }
        var content = [UInt8](repeating: 0, count: try file.size())
        _ = try content.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return content
    }

    func replace(_ path: String, with content: [UInt8]) throws {
        let file = try disk.open(path, .create(permissions: 0o600))
        defer { file.close() }
        try file.truncate(to: 0)
        try content.withUnsafeBytes { try file.write($0, at: 0) }
        try file.synchronize()
    }
}

/// A request to a peer URL without a listener.
struct UnreachablePeer: Error {
    let address: String
}
