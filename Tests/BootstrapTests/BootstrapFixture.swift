import Bolt
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

/// A data directory of its own on the real disk, and the configuration to start it with.
final class BootstrapFixture {
    let directory: String
    let disk = RealDisk()
    var configuration = ServerConfiguration()

    init() throws {
        var template = Array("/tmp/swift-etcd-bootstrap-XXXXXX".utf8CString)
        directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        configuration.name = "one"
        configuration.dataDirectory = directory + "/data"
        configuration.initialClusterToken = "tok1"
        try setPeerURL("http://127.0.0.1:42180")
    }

    deinit { removeAll(directory) }

    func setPeerURL(_ url: String) throws {
        configuration.initialCluster = "\(configuration.name)=\(url)"
        configuration.initialAdvertisePeerURLs = try EndpointURLList(flagText: url)
    }

    var database: String { configuration.dataDirectory + "/member/snap/db" }
    var log: String { configuration.dataDirectory + "/member/wal" }

    func start() throws -> StartingMember {
        try MemberBootstrap(
            configuration, disk: disk, logger: ServerLogger(sink: LogSink(outputs: [])),
            startUnixMilliseconds: 1_700_000_000_000
        ).run()
    }

    /// The words a start is refused with; nil when it succeeds.
    func refusal() throws -> String? {
        do {
            stop(try start())
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

    private func removeAll(_ path: String) {
        for name in (try? disk.list(path)) ?? [] {
            let child = path + "/" + name
            if unlink(child) != 0 { removeAll(child) }
        }
        rmdir(path)
    }
}
