internal import Glibc

/// An open file of a `MemoryDisk`. A crash of the disk closes it.
///
/// `@unchecked Sendable`: all mutable state is accessed under the disk's lock only.
package final class MemoryDiskFile: DiskFile, @unchecked Sendable {
    package let path: String
    private let disk: MemoryDisk
    private let node: MemoryFileNode
    private let writable: Bool
    private let epoch: Int
    private var isClosed = false

    init(path: String, disk: MemoryDisk, node: MemoryFileNode, writable: Bool, epoch: Int) {
        self.path = path
        self.disk = disk
        self.node = node
        self.writable = writable
        self.epoch = epoch
    }

    package func size() throws(DiskError) -> Int {
        try perform("fstat") { () throws(DiskError) in node.live.count }
    }

    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(DiskError) -> Int {
        nonisolated(unsafe) let buffer = buffer
        return try perform("pread") { () throws(DiskError) in
            if MemoryDiskFaults.fires(&disk.faults.readsBeforeFailure) {
                throw .system(path: path, operation: "pread", errno: EIO)
            }
            return node.live.read(into: buffer, at: offset)
        }
    }

    package func writtenRanges() throws(DiskError) -> [Range<Int>] {
        try perform("lseek") { () throws(DiskError) in node.live.writtenRanges }
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DiskError) {
        nonisolated(unsafe) let bytes = bytes
        try change("pwrite") { () throws(DiskError) in
            var fitting = bytes.count
            if MemoryDiskFaults.fires(&disk.faults.writesBeforeShortWrite) {
                fitting = fitting == 0 ? 0 : Int.random(in: 0..<fitting, using: &disk.generator)
            }
            let isShort = fitting < bytes.count
            fitting = min(fitting, max(0, disk.sizeBytesMax(growing: node) - offset))
            if fitting > 0 {
                node.apply(.write(offset: offset, bytes: Array(bytes.prefix(fitting))))
            }
            if isShort {
                throw .shortWrite(path: path, writtenBytes: fitting, askedBytes: bytes.count)
            }
            if fitting < bytes.count { throw .full(path: path, operation: "pwrite") }
        }
    }

    package func synchronize() throws(DiskError) {
        try perform("fdatasync") { () throws(DiskError) in
            try requireRunning("fdatasync")
            if MemoryDiskFaults.fires(&disk.faults.synchronizesBeforeFailure) {
                node.failSynchronize(&disk.generator)
                throw .system(path: path, operation: "fdatasync", errno: EIO)
            }
            node.synchronize()
        }
    }

    package func truncate(to size: Int) throws(DiskError) {
        try change("ftruncate") { () throws(DiskError) in
            if size > disk.sizeBytesMax(growing: node) {
                throw .full(path: path, operation: "ftruncate")
            }
            node.apply(.resize(size))
        }
    }

    package func allocate(from offset: Int, count: Int) throws(DiskError) {
        try change("fallocate") { () throws(DiskError) in
            if offset + count > disk.sizeBytesMax(growing: node) {
                throw .full(path: path, operation: "fallocate")
            }
            if offset + count > node.live.count { node.apply(.resize(offset + count)) }
        }
    }

    package func punchHole(at offset: Int, count: Int) throws(DiskError) {
        try change("fallocate") { () throws(DiskError) in
            if let number = disk.faults.holeError {
                throw .system(path: path, operation: "fallocate", errno: number)
            }
            node.apply(.zero(offset..<offset + count))
        }
    }

    package func lock() throws(DiskError) {
        try perform("flock") { () throws(DiskError) in
            if let holder = node.lockHolder, holder !== self, holder.isUsable {
                throw .locked(path: path)
            }
            node.lockHolder = self
        }
    }

    package func map(reservingBytes: Int) throws(DiskError) -> any DiskMapping {
        try perform("mmap") { () throws(DiskError) in
            if disk.faults.refusesMapping() {
                throw .system(path: path, operation: "mmap", errno: ENOMEM)
            }
            let mapping = try MemoryDiskMapping(reservedBytes: reservingBytes, path: path)
            node.add(mapping)
            return mapping
        }
    }

    package func close() {
        disk.withLock {
            isClosed = true
            if node.lockHolder === self { node.lockHolder = nil }
        }
    }

    private var isUsable: Bool {
        !isClosed && epoch == disk.epoch
    }

    private func perform<Result: Sendable>(
        _ operation: String, _ body: () throws(DiskError) -> Result
    ) throws(DiskError) -> Result {
        try disk.withLock { () throws(DiskError) in
            if !isUsable { throw .system(path: path, operation: operation, errno: EBADF) }
            return try body()
        }
    }

    private func requireRunning(_ operation: String) throws(DiskError) {
        guard disk.faults.isHalted() else { return }
        throw .system(path: path, operation: operation, errno: EIO)
    }

    private func change(
        _ operation: String, _ body: () throws(DiskError) -> Void
    ) throws(DiskError) {
        try perform(operation) { () throws(DiskError) in
            if !writable { throw .system(path: path, operation: operation, errno: EBADF) }
            try requireRunning(operation)
            let sizeBefore = node.live.count
            defer { disk.usedBytes += node.live.count - sizeBefore }
            try body()
        }
    }
}
