import Disk
import Synchronization

/// A disk that reads the real files and discards every change except a file's length, so that a log
/// can be opened and repaired in order to read it.
final class UnchangedDisk: Disk {
    private let disk: any Disk
    private let scratch = MemoryDisk()
    private let lengths = Mutex<[String: Int]>([:])

    init(_ disk: any Disk) {
        self.disk = disk
    }

    func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        guard disk.exists(path) else {
            switch mode {
            case .read, .readWrite: throw .notFound(path: path)
            case .create, .createNew:
                return try scratch.open("/created", .create(permissions: 0o600))
            }
        }
        return UnchangedFile(try disk.open(path, .read), on: self)
    }

    func createDirectory(_ path: String, permissions: UInt32) throws(DiskError) {}
    func list(_ directory: String) throws(DiskError) -> [String] { try disk.list(directory) }
    func exists(_ path: String) -> Bool { disk.exists(path) }
    func rename(_ source: String, to destination: String) throws(DiskError) {}
    func remove(_ path: String) throws(DiskError) {}
    func removeDirectory(_ path: String) throws(DiskError) {}

    func openDirectory(_ path: String) throws(DiskError) -> any DiskDirectory {
        UnchangedDirectory()
    }

    fileprivate func length(of path: String) -> Int? { lengths.withLock { $0[path] } }

    fileprivate func setLength(_ length: Int, of path: String) {
        lengths.withLock { $0[path] = length }
    }
}

/// A directory with nothing to make durable.
private final class UnchangedDirectory: DiskDirectory {
    func synchronize() throws(DiskError) {}
    func close() {}
}

/// A file whose writes are discarded.
private final class UnchangedFile: DiskFile {
    private let file: any DiskFile
    private let disk: UnchangedDisk

    init(_ file: any DiskFile, on disk: UnchangedDisk) {
        self.file = file
        self.disk = disk
    }

    var path: String { file.path }

    func size() throws(DiskError) -> Int {
        if let length = disk.length(of: path) { return length }
        return try file.size()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DiskError) -> Int {
        let end = try size()
        let count = min(buffer.count, max(end - offset, 0))
        return try file.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), at: offset)
    }

    func writtenRanges() throws(DiskError) -> [Range<Int>] { try file.writtenRanges() }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DiskError) {}
    func synchronize() throws(DiskError) {}
    func truncate(to size: Int) throws(DiskError) { disk.setLength(size, of: path) }
    func allocate(from offset: Int, count: Int) throws(DiskError) {}
    func punchHole(at offset: Int, count: Int) throws(DiskError) {}
    func lock() throws(DiskError) { try file.lock() }
    func map(reservingBytes: Int) throws(DiskError) -> any DiskMapping {
        try file.map(reservingBytes: reservingBytes)
    }
    func close() { file.close() }
}
