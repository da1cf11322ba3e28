import Bolt
import DNS
import Disk
import EtcdAPI
import Glibc
import Raft
import Replica
import StateMachine
import Testing
import WriteAheadLog

@testable import EtcdServer

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A data directory of its own, and the configuration to start it with.
final class BootstrapFixture {
    let directory: String
    let disk: any Disk
    var configuration = ServerConfiguration()
    /// What answers for the peer URLs of others; nobody by default.
    var peers = PeerEnquiry { url, path, _ in throw NobodyAnswers(address: url + path) }

    var services = ServiceLookup()

    /// On the real disk.
    convenience init() throws {
        var template = Array("/tmp/swift-etcd-bootstrap-XXXXXX".utf8CString)
        let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        try self.init(directory, on: RealDisk())
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

    deinit { if disk is RealDisk { removeAll(directory) } }

    func setPeerURL(_ url: String) throws {
        configuration.initialCluster = "\(configuration.name)=\(url)"
        configuration.initialAdvertisePeerURLs = try EndpointURLList(flagText: url)
    }

    var database: String { configuration.dataDirectory + "/member/snap/db" }
    var log: String { configuration.dataDirectory + "/member/wal" }

    func start() async throws -> StartingMember {
        try await MemberBootstrap(
            configuration, disk: disk, logger: ServerLogger(sink: LogSink(outputs: [])),
            startUnixMilliseconds: 1_700_000_000_000, peers: peers, services: services
        ).run()
    }

    /// The words a start is refused with; nil when it succeeds.
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

    /// Elects the member and applies what it commits, with everything on disk before it counts.
    func run(_ member: StartingMember) throws {
        var replica = member.parts.replica
        var effects = ReplicaEffects()
        for input in [ReplicaInput.tick, .campaign] {
            try replica.step(input, into: &effects)
            replica.takeEffects(into: &effects)
            while !effects.writes.isEmpty || !effects.committed.isEmpty {
                let (writes, committed) = (effects.writes, effects.committed)
                effects.removeAll()
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
                        index: entry.index.rawValue, term: entry.term.rawValue,
                        kind: entry.type == .normal ? .request : .memberChange,
                        data: entry.data))
                progress.index = entry.index.rawValue
                if let change = applied.change { progress.configurationChanges.append(change) }
            }
        }
        return progress
    }

    /// Changes one key of the stopped member's database.
    func edit(_ bucket: String, _ key: String, _ value: [UInt8]) throws {
        let bolt = try Bolt.open(disk: disk, path: database)
        defer { bolt.close() }
        let transaction = bolt.beginWrite()
        try transaction.createBucketIfMissing(bytes(bucket)).put(bytes(key), value)
        try transaction.commit()
    }

    /// Commits and applies puts of `keys`, each with its own name as value.
    func put(_ keys: [String], on member: StartingMember) throws {
        let log = member.parts.log
        var index = log.lastIndex
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
            state.commit = log.lastIndex + UInt64(entries.count) + 1
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

    /// The value of a key as the member has it.
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

    private func removeAll(_ path: String) {
        for name in (try? disk.list(path)) ?? [] {
            let child = path + "/" + name
            if unlink(child) != 0 { removeAll(child) }
        }
        rmdir(path)
    }
}

/// A peer URL behind which nobody is.
struct NobodyAnswers: Error {
    let address: String
}
