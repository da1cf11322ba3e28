import Bolt
import Disk
import Glibc
import ServerLogging

/// The database file of a stopped member, or a copy of one.
struct DatabaseFile {
    /// How often the lock of the file is tried, as in bbolt.
    private static let retryInterval = Duration.milliseconds(50)

    let path: String
    /// What messages name: the path that the file gets once it is complete.
    private let shownPath: String
    /// How long to wait for the lock of the file; nil: without a limit.
    var lockTimeout: Duration?
    /// Address space for the file; nil: Bolt's default.
    var mapBytes: Int?
    /// What etcd's tools panic with.
    static let openFailure = "failed to open database"
    private let disk: any Disk

    init(
        _ path: String, on disk: any Disk = RealDisk(), shownPath: String? = nil,
        lockTimeout: Duration? = nil, mapBytes: Int? = nil
    ) {
        self.path = path
        self.shownPath = shownPath ?? path
        self.disk = disk
        self.lockTimeout = lockTimeout
        self.mapBytes = mapBytes
    }

    /// The file of a data directory.
    static func path(in dataDirectory: String) -> String { dataDirectory + "/member/snap/db" }

    /// The file has to exist.
    func requireExists() throws(ToolFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .operation("stat \(path): \(systemErrorText(errno))")
        }
    }

    /// Opens the file for reading, runs `body`, closes it.
    ///
    /// - Parameter panics: whether etcd's tool panics if it is no database.
    func read<Result>(
        panics: Bool = false, _ body: (Bolt) throws(ToolFailure) -> Result
    ) throws(ToolFailure) -> Result {
        let bolt: Bolt
        do throws(DatabaseFileError) {
            bolt = try open(readOnly: true)
        } catch {
            throw panics ? .panic(Self.openFailure) : .operation(error.text)
        }
        defer { bolt.close() }
        return try body(bolt)
    }

    /// Opens the file for writing, runs `body`, closes it. etcd's tools panic if it is no database.
    func change<Result>(
        _ body: (Bolt) throws(ToolFailure) -> Result
    ) throws(ToolFailure) -> Result {
        let bolt: Bolt
        do throws(DatabaseFileError) {
            bolt = try open(readOnly: false)
        } catch {
            ToolLog.logger.log(
                .panic, Self.openFailure,
                ["path": .string(shownPath), "error": .string(error.text)])
            throw .panic(Self.openFailure)
        }
        defer { bolt.close() }
        return try body(bolt)
    }

    /// How all commands open databases: without more memory than they need, or a larger file.
    func configuration(readOnly: Bool) -> BoltConfiguration {
        var configuration = BoltConfiguration(
            readOnly: readOnly, bucketsAreFlat: true, growthStepBytes: 0)
        configuration.releasesScannedPages = true
        if let mapBytes { configuration.initialMapBytes = mapBytes }
        return configuration
    }

    private func open(readOnly: Bool) throws(DatabaseFileError) -> Bolt {
        let deadline = lockTimeout.map { ContinuousClock.now + $0 }
        while true {
            do throws(BoltError) {
                return try Bolt.open(
                    disk: disk, path: path, configuration: configuration(readOnly: readOnly))
            } catch {
                guard case .disk(.locked) = error else {
                    throw DatabaseFileError(error, path: path, disk: disk)
                }
            }
            if let deadline, ContinuousClock.now >= deadline {
                throw DatabaseFileError(text: "timeout")
            }
            usleep(useconds_t(Self.retryInterval / .microseconds(1)))
        }
    }
}
