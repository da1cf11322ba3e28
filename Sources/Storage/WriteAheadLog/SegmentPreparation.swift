internal import Disk
internal import Synchronization

/// Fills the next segment's file with zeros before the log needs it.
///
/// Later synchronizations of the log are cheaper with blocks that were written once than with
/// blocks that are only reserved (measured: 135 against 215 microseconds). The work is done in
/// slices by any thread; the log takes the file when it must cut, finished or not.
///
/// Invariant: the file reads as zeros over its whole length. Names alternate between `0.tmp` and
/// `1.tmp`, as in etcd, because the rename of the previous one may not be durable yet.
package final class SegmentPreparation: Sendable {
    private let disk: any Disk
    private let directory: String
    private let segmentSizeBytes: Int
    private let state = Mutex(State())

    private struct State {
        var file: (any DiskFile)?
        var writtenBytes = 0
        var takenCount = 0
        var isClosed = false
    }

    /// Zeros are written in pieces of at most this.
    private static let pieceBytes = 256 << 10

    init(disk: any Disk, directory: String, segmentSizeBytes: Int) {
        self.disk = disk
        self.directory = directory
        self.segmentSizeBytes = segmentSizeBytes
    }

    /// Writes one slice and makes it durable; any thread, one at a time.
    ///
    /// - Parameter sliceBytes: Maximum of bytes to write; bounds how long a cut may wait.
    /// - Returns: Whether work is left.
    /// - Throws: The disk's error. The prepared file is dropped then, since it is unknown what of
    ///   it is durable: the log or a later call creates a new file.
    package func prepare(sliceBytes: Int) throws(LogError) -> Bool {
        precondition(sliceBytes > 0, "a slice has at least one byte")
        return try state.withLock { state throws(LogError) in
            if state.isClosed || state.writtenBytes >= segmentSizeBytes { return false }
            do throws(LogError) {
                try writeZeros(sliceBytes, &state)
            } catch {
                state.file?.close()
                state.file = nil
                state.writtenBytes = 0
                throw error
            }
            return state.writtenBytes < segmentSizeBytes
        }
    }

    private func writeZeros(_ sliceBytes: Int, _ state: inout State) throws(LogError) {
        let file = try open(&state)
        let end = min(state.writtenBytes + sliceBytes, segmentSizeBytes)
        let zeros = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(Self.pieceBytes, sliceBytes), alignment: 16)
        defer { zeros.deallocate() }
        zeros.initializeMemory(as: UInt8.self, repeating: 0)
        try onDisk { () throws(DiskError) in
            while state.writtenBytes < end {
                let count = min(zeros.count, end - state.writtenBytes)
                try file.write(.init(rebasing: zeros[..<count]), at: state.writtenBytes)
                state.writtenBytes += count
            }
            try file.synchronize()
        }
    }

    /// Returns the file under its temporary name; unwritten space is reserved at once.
    func take() throws(LogError) -> (file: any DiskFile, path: String) {
        try state.withLock { state throws(LogError) in
            let file = try open(&state)
            let path = temporaryPath(state)
            let missing = segmentSizeBytes - state.writtenBytes
            if missing > 0 {
                try onDisk { () throws(DiskError) in
                    try file.allocate(from: state.writtenBytes, count: missing)
                }
            }
            state.file = nil
            state.writtenBytes = 0
            state.takenCount += 1
            return (file, path)
        }
    }

    /// Closes the file; nothing is prepared afterwards.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.file?.close()
            state.file = nil
        }
    }

    private func temporaryPath(_ state: borrowing State) -> String {
        directory + "/\(state.takenCount % 2).tmp"
    }

    private func open(_ state: inout State) throws(LogError) -> any DiskFile {
        if let file = state.file { return file }
        let path = temporaryPath(state)
        let file = try onDisk { () throws(DiskError) in
            let file = try disk.open(path, .create(permissions: 0o600))
            try file.lock()
            try file.truncate(to: 0)
            return file
        }
        state.file = file
        state.writtenBytes = 0
        return file
    }
}
