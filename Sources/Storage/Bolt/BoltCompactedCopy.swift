package import Disk

/// Copies a committed state into a new file without its free space, in slices.
///
/// The state is pinned during the copy, so the writer may continue in between. The copy is complete
/// and durable when `step` returns true; until then the file must not be used, and after an error
/// it must be removed.
package final class BoltCompactedCopy {
    private let transaction: BoltReadTransaction
    private let destination: Bolt
    private let fillPercent: Double
    /// The path to the current position: a cursor for each bucket, the root first.
    private var levels: [Level] = []
    private var isDone = false
    private var isTaken = false
    /// Keys and values copied so far.
    package private(set) var copiedBytes = 0

    /// Bytes of one commit of the new file if other writers need not be considered.
    package static let sliceBytesMax = 16 << 20

    private struct Level {
        let name: [UInt8]
        var cursor: BoltCursor
    }

    /// Begins a copy into a file that does not exist yet. `fillPercent` is for all buckets; etcd's
    /// defragmentation uses 0.9.
    package init(
        of transaction: BoltReadTransaction, disk: any Disk, path: String,
        fillPercent: Double = 0.9
    ) throws(BoltError) {
        if disk.exists(path) { throw .disk(.alreadyExists(path: path)) }
        self.transaction = transaction
        self.fillPercent = fillPercent
        var configuration = transaction.bolt.configuration
        configuration.readOnly = false
        configuration.pageSizeBytes = transaction.meta.pageSizeBytes
        configuration.syncOnCommit = false
        configuration.locksMemory = false
        destination = try Bolt.open(disk: disk, path: path, configuration: configuration)
        levels = [Level(name: [], cursor: transaction.root.cursor())]
    }

    deinit {
        if !isTaken { destination.close() }
    }

    /// Copies up to `entriesMax` entries, ending with the one that reaches `bytesMax` bytes, as one
    /// commit of the new file; true when everything is copied and durable.
    package func step(
        entriesMax: Int = 10_000, bytesMax: Int = BoltCompactedCopy.sliceBytesMax
    ) throws(BoltError) -> Bool {
        if isDone { return true }
        let write = destination.beginWrite()
        do throws(BoltError) {
            try copySlice(into: write, entriesMax: entriesMax, bytesMax: bytesMax)
        } catch {
            write.rollback()
            throw error
        }
        try write.commit()
        // Synchronizes each slice: a whole file at once would delay all other writes.
        try destination.synchronize()
        if destination.configuration.releasesScannedPages {
            for bolt in [transaction.bolt, destination] { bolt.releaseMappedPages() }
        }
        isDone = levels.isEmpty
        return isDone
    }

    /// The complete copy, open for further writes; the caller closes it.
    func takeDestination() -> Bolt {
        precondition(isDone && !isTaken, "a complete copy is taken once")
        isTaken = true
        return destination
    }

    private func copySlice(
        into write: BoltWriteTransaction, entriesMax: Int, bytesMax: Int
    ) throws(BoltError) {
        let end = copiedBytes + bytesMax
        var left = entriesMax
        var bucket = try openedBucket(in: write)
        while left > 0, copiedBytes < end, let level = levels.indices.last {
            let entry = try wrappingPageFaults { () throws(PageFault) in
                try levels[level].cursor.next()
            }
            guard let (key, value) = entry else {
                levels.removeLast()
                bucket = try openedBucket(in: write)
                continue
            }
            left -= 1
            copiedBytes += key.count + value.count
            let nested = try wrappingPageFaults { () throws(PageFault) in
                try levels[level].cursor.nestedBucket()
            }
            if let nested {
                bucket = try bucket.createBucketIfMissing(Array(key))
                bucket.fillPercent = fillPercent
                try bucket.setSequence(nested.sequence)
                levels.append(Level(name: Array(key), cursor: nested.cursor()))
            } else {
                try bucket.put(key, value)
            }
        }
    }

    private func openedBucket(in write: BoltWriteTransaction) throws(BoltError) -> BoltWriteBucket {
        var bucket = write.root
        for level in levels.dropFirst() {
            bucket = try bucket.createBucketIfMissing(level.name)
            bucket.fillPercent = fillPercent
        }
        return bucket
    }
}

extension Bolt {
    /// Copies the newest committed state into a new file without its free space, and calls
    /// `progress` with the bytes copied so far after each slice. The caller may write to this file
    /// in between; the copy does not see those writes.
    package func copyCompacted(
        to path: String, fillPercent: Double = 0.9,
        progress: (_ copiedBytes: Int) throws(BoltError) -> Void = { _ in }
    ) throws(BoltError) {
        let transaction = beginRead()
        defer { transaction.end() }
        let copy = try BoltCompactedCopy(
            of: transaction, disk: disk, path: path, fillPercent: fillPercent)
        while try !copy.step() { try progress(copy.copiedBytes) }
        try progress(copy.copiedBytes)
    }
}
