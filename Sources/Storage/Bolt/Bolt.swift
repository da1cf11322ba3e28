internal import Disk
package import MonotonicClock
internal import Synchronization

/// A file in bbolt's format: a copy-on-write B+tree of pages.
///
/// One write transaction at a time changes it, on the thread that owns the writer; any number of
/// read transactions on any threads see the state that was committed when they began. Readers get
/// bytes directly from one mapping of the file. Readers and the writer never wait for each other.
///
/// Guarantees:
/// - a commit is on disk completely or not at all, at whatever moment the machine stops;
/// - a page is reused only when neither the committed state nor an open reader uses it;
/// - no content of the file makes a call trap, loop forever or read outside the mapping.
package final class Bolt: @unchecked Sendable {
    // `@unchecked Sendable`: `shared` is guarded by its lock, the constants are immutable, and the
    // rest belongs to the writer, which is one thread at a time.
    let disk: any Disk
    package let path: String
    package let configuration: BoltConfiguration
    let shared: Mutex<SharedState>
    /// Whether the system has refused the file more address space.
    let isReserveLimited = Atomic<Bool>(false)

    /// Used by the writer only.
    var file: BoltFile
    var freePages: FreePages
    var fileSizeBytes: Int
    /// The last commit that lowered the high-water mark; at first the one that was opened, since the
    /// other meta page may have a higher one.
    var loweredAt: UInt64
    /// What `moveEnd` has tried last.
    var endMove = EndMove()
    /// How often `moveEnd` has moved pages. Read it on the writer's thread.
    package internal(set) var endMoveCount = 0
    var isWriting = false
    /// Of the last commit. Read it on the writer's thread.
    package internal(set) var commitTimes = CommitTimes()

    /// State shared by readers, the writer and observers.
    struct SharedState {
        var meta: MetaRecord
        /// Nil once the file is closed.
        var mapping: (any DiskMapping)?
        var freeCount: Int
        var readers = ReaderTable()
        /// Counts the replacements of the file; readers of a former file pin nothing.
        var replacements = 0
        var failure: DiskError?
    }

    init(
        disk: any Disk, file: BoltFile, path: String, configuration: BoltConfiguration,
        state: SharedState, freePages: FreePages, fileSizeBytes: Int
    ) {
        self.disk = disk
        self.file = file
        self.path = path
        self.configuration = configuration
        self.freePages = freePages
        self.fileSizeBytes = fileSizeBytes
        loweredAt = state.meta.transaction
        shared = Mutex(state)
    }

    /// Closes the file and releases its lock. End all read transactions first: otherwise they would
    /// see writes of the next process that opens the file.
    package func close() {
        precondition(!isWriting, "a file is closed with no write transaction open")
        shared.withLock { $0.mapping = nil }
        file.close()
    }

    /// Releases the memory of mapped pages, after a scan of the whole file that will not be
    /// repeated. Any thread.
    package func releaseMappedPages() {
        let (mapping, size) = shared.withLock { state in
            (state.mapping, state.meta.highWater.index * state.meta.pageSizeBytes)
        }
        mapping?.dontNeed(offset: 0, count: size)
    }

    /// Begins a read transaction on the newest committed state. Any thread; constant time.
    package func beginRead() -> BoltReadTransaction {
        let (meta, mapping, replacements) = shared.withLock { state in
            state.readers.add(state.meta.transaction)
            return (state.meta, state.mapping, state.replacements)
        }
        guard let mapping else { preconditionFailure("a closed file is not read") }
        return BoltReadTransaction(
            bolt: self, meta: meta, mapping: mapping, replacements: replacements)
    }

    /// Begins a write transaction. At most one is open.
    package func beginWrite() -> BoltWriteTransaction {
        precondition(!configuration.readOnly, "a file opened for reading is not written")
        precondition(!isWriting, "one write transaction at a time")
        isWriting = true
        let (meta, mapping, readers) = shared.withLock { state in
            (state.meta, state.mapping, state.readers.transactions)
        }
        guard let mapping else { preconditionFailure("a closed file is not written") }
        freePages.release(readers: readers, newest: meta.transaction)
        return BoltWriteTransaction(bolt: self, meta: meta, mapping: mapping)
    }

    /// High-water mark times page size, as of the last commit: what etcd reports as dbSize.
    package var sizeBytes: Int {
        shared.withLock { $0.meta.highWater.index * $0.meta.pageSizeBytes }
    }

    /// `sizeBytes` without the pages that are free: what etcd reports as dbSizeInUse.
    package var sizeInUseBytes: Int {
        shared.withLock { ($0.meta.highWater.index - $0.freeCount) * $0.meta.pageSizeBytes }
    }

    /// Address space reserved for the file; 0 once it is closed.
    package var reservedBytes: Int {
        shared.withLock { $0.mapping?.reservedBytes ?? 0 }
    }

    /// Whether the pages in use and these bytes fit into so many eighths of the address space of the
    /// file, or it can grow.
    package func hasCapacity(
        forBytes pendingBytes: @autoclosure () -> Int, eighths: Int
    ) -> Bool {
        guard isReserveLimited.load(ordering: .relaxed) else { return true }
        return sizeInUseBytes + pendingBytes() <= reservedBytes / 8 * eighths
    }

    /// Number of the last committed transaction.
    package var transactionNumber: UInt64 {
        shared.withLock { $0.meta.transaction }
    }

    /// Read transactions that are open.
    package var openReaderCount: Int {
        shared.withLock { $0.readers.count }
    }

    func endRead(_ transaction: UInt64, replacements: Int) {
        shared.withLock { state in
            if state.replacements == replacements { state.readers.remove(transaction) }
        }
    }
}

/// How long the parts of a commit took, besides writing its pages.
package struct CommitTimes: Sendable {
    /// Merging and dropping pages that have become sparse or empty.
    package internal(set) var rebalancing = TimeSpan.zero
    /// Splitting nodes and laying them out as pages.
    package internal(set) var spilling = TimeSpan.zero
}
