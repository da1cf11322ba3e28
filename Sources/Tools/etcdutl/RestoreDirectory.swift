import Disk
import Glibc

/// The data directory that a restore makes.
///
/// Everything is written under `member.part`, which gets its name when all of it is durable: an
/// interrupted restore leaves no `member`. While it runs it holds the lock of the file `restoring`,
/// which names the directory of the log if that is elsewhere. The next restore removes what an
/// interrupted one has left, known by that file without its lock.
struct RestoreDirectory {
    let disk: any Disk
    let dataDirectory: String
    /// A directory for the log outside `member`; nil for the usual one.
    private let separateLog: String?
    private let inMember: String?

    /// - Parameter logDirectory: empty for the usual one.
    init(disk: any Disk, dataDirectory: String, logDirectory: String) {
        self.disk = disk
        self.dataDirectory = dataDirectory
        let member = dataDirectory + "/member/"
        if logDirectory.isEmpty {
            (inMember, separateLog) = ("wal", nil)
        } else if logDirectory.hasPrefix(member) {
            (inMember, separateLog) = (String(logDirectory.dropFirst(member.count)), nil)
        } else {
            (inMember, separateLog) = (nil, logDirectory)
        }
    }

    // MARK: Paths

    private var part: String { dataDirectory + "/member.part" }
    private var member: String { dataDirectory + "/member" }
    private var marker: String { dataDirectory + "/restoring" }
    var snapshots: String { part + "/snap" }
    var database: String { snapshots + "/db" }
    var log: String { separateLog ?? part + "/" + (inMember ?? "wal") }
    /// The paths at the end.
    var finalSnapshots: String { member + "/snap" }
    var finalLog: String { separateLog ?? member + "/" + (inMember ?? "wal") }

    // MARK: Use

    /// There is nothing in the directories, or what an interrupted restore has left, which is
    /// removed.
    func requireUnused() throws(ToolFailure) {
        guard isUnused else {
            throw .operation("data-dir \"\(dataDirectory)\" not empty or could not be read")
        }
        if let separateLog, disk.exists(separateLog) {
            throw .operation("wal-dir \"\(separateLog)\" exists")
        }
    }

    private var isUnused: Bool {
        do {
            if disk.exists(marker), !disk.exists(member) { try removeLeftovers() }
            return try !disk.exists(dataDirectory) || disk.list(dataDirectory).isEmpty
        } catch {
            return false
        }
    }

    /// Runs `body`, which writes the files; then they are durable and have their names. After an
    /// error nothing is left.
    func fill(_ body: () throws(ToolFailure) -> Void) throws(ToolFailure) {
        let isNew = !disk.exists(dataDirectory)
        do {
            let lock = try lockMarker()
            defer { lock.close() }
            do {
                try prepare()
                try body()
                try commit()
            } catch {
                // What cannot be removed is a leftover for the next restore.
                try? removeLeftovers(lockedBy: lock)
                throw error
            }
            try removeMarker()
        } catch {
            // Only an empty directory is removed.
            if isNew { try? disk.removeDirectory(dataDirectory) }
            throw error as? ToolFailure ?? .operation("\(error)")
        }
    }

    private func lockMarker() throws -> any DiskFile {
        try disk.createDurableDirectory(dataDirectory, permissions: 0o700)
        let file = try disk.open(marker, .create(permissions: 0o600))
        do {
            try file.lock()
            let text = Array((separateLog.map { absolute($0) } ?? "").utf8)
            try text.withUnsafeBytes { try file.write($0, at: 0) }
            try file.synchronize()
            try disk.synchronizeDirectory(dataDirectory)
        } catch {
            file.close()
            try? disk.remove(marker)
            throw error
        }
        return file
    }

    private func prepare() throws(DiskError) {
        try disk.createDirectory(snapshots, permissions: 0o700)
        try disk.createDurableDirectory(DiskPath.parent(of: log), permissions: 0o700)
    }

    private func commit() throws(DiskError) {
        for directory in [snapshots, part] { try disk.synchronizeDirectory(directory) }
        try disk.rename(part, to: member)
    }

    private func removeMarker() throws(DiskError) {
        try disk.synchronizeDirectory(dataDirectory)
        try disk.remove(marker)
        try disk.synchronizeDirectory(dataDirectory)
    }

    // MARK: Leftovers

    /// Removes what an interrupted restore has left; one that runs has the lock.
    private func removeLeftovers() throws {
        let lock = try disk.open(marker, .read)
        defer { lock.close() }
        try lock.lock()
        try removeLeftovers(lockedBy: lock)
    }

    private func removeLeftovers(lockedBy file: any DiskFile) throws {
        var text = [UInt8](repeating: 0, count: try file.size())
        _ = try text.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        let separateLog = String(decoding: text, as: UTF8.self)
        if !separateLog.isEmpty {
            for directory in [separateLog, separateLog + ".tmp"] { try removeAll(directory) }
        }
        try removeAll(part)
        try disk.remove(marker)
    }

    /// Removes a directory of files and directories, if there is one.
    private func removeAll(_ directory: String) throws(DiskError) {
        guard disk.exists(directory) else { return }
        for name in try disk.list(directory) {
            let path = directory + "/" + name
            do throws(DiskError) {
                try disk.remove(path)
            } catch {
                try removeAll(path)
            }
        }
        try disk.removeDirectory(directory)
    }

    private func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let directory = getcwd(nil, 0) else { return path }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }
}
