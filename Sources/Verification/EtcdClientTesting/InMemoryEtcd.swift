internal import Disk
internal import Synchronization

/// An etcd in this process, for tests: one member of a cluster, with its files in memory.
///
/// It runs the modules of the server: the log, the database, users, leases and watches are those of
/// a process, behind a real connection. Nothing is written to the disk of the machine, and what a
/// member would log is dropped. Each one has data and a port of its own, so tests may run at the
/// same time.
///
/// Make one with ``withInMemoryEtcd(isolation:_:)``.
public final class InMemoryEtcd: Sendable {
    /// The client endpoint, such as `127.0.0.1:40123`; the same after a stop and a start.
    public let endpoint: String
    private let port: Int
    private let disk: MemoryDisk
    private let member: Mutex<InMemoryMember?>

    init() async throws {
        disk = MemoryDisk()
        let first = try await InMemoryMember(disk: disk, port: 0)
        port = first.port
        endpoint = "127.0.0.1:\(first.port)"
        member = Mutex(first)
    }

    /// Stops the member: connections are closed, and further ones are refused. The data stays.
    /// Does nothing if it is stopped.
    public func stop() async {
        guard let running = member.withLock({ $0.take() }) else { return }
        await running.stop()
        disk.closeAllFiles()
    }

    /// Starts the member again after `stop`, with its data and on the same port.
    ///
    /// - Throws: if another program has taken the port meanwhile.
    public func start() async throws {
        precondition(member.withLock { $0 == nil }, "start() is called after stop()")
        let started = try await InMemoryMember(disk: disk, port: port)
        member.withLock { $0 = started }
    }
}
