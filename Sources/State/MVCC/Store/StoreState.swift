import Bolt
import Identifiers
import Synchronization

/// What the store's lock guards: the index, the file snapshot, the write buffer, and what else
/// changes. `StoreLock` owns it.
struct StoreState: ~Copyable {
    let configuration: StoreConfiguration
    private var keyIndex: KeyIndex
    /// The file snapshot that readers use.
    private(set) var snapshot: BoltReadTransaction
    /// The `key` bucket of `snapshot`.
    private(set) var keyBucket: BoltBucket?
    /// The finder of `keyBucket`.
    private(set) var keyFinder: BoltFinder?
    /// The write buffer batch that the backend thread is writing.
    var committing: WriteBufferBatch?
    /// The write buffer batch that the apply thread fills.
    var open = WriteBufferBatch()
    /// Revision of the last applied transaction that changed something; a new store has 1.
    var current: Revision = 1
    /// Revision below which reads are rejected; -1 before the first compaction.
    var compacted: Revision = -1
    /// Revision of the last finished compaction; -1 before the first.
    var finishedCompaction: Revision = -1
    /// Bytes of keys and values put since the start.
    var putBytes = 0
    /// See `Store.failure`.
    var failure: StoreError?
    var pins: [RevisionPin] = []
    var compactions: [CompactionJob] = []
    var hashes: [KeyValueHash] = []
    /// Decides which reads are permitted; nil while all are.
    var authority: (any ReadAuthority)?
    /// Never read. The compiler does not move a borrowed value that contains an atomic; without one
    /// it would copy the state's 424 bytes to the stack for each read.
    private let fixedAddress = Atomic(false)

    private init(
        _ configuration: StoreConfiguration, _ index: KeyIndex, _ snapshot: BoltReadTransaction,
        _ bucket: BoltBucket?
    ) {
        self.configuration = configuration
        keyIndex = index
        self.snapshot = snapshot
        keyBucket = bucket
        keyFinder = bucket?.finder
    }

    /// The newest state of the file with an empty index; `restore` fills it.
    static func open(
        _ bolt: Bolt, _ configuration: StoreConfiguration
    ) throws(StoreError) -> StoreState {
        let index: KeyIndex
        do throws(KeyIndexError) {
            index = try KeyIndex(reservedBytes: configuration.indexReservedBytes)
        } catch {
            throw .index(error)
        }
        try createBuckets(in: bolt)
        let snapshot = bolt.beginRead()
        let bucket = try StoreError.reading { () throws(PageFault) in
            try snapshot.bucket(StoreBucket.key)
        }
        return StoreState(configuration, index, snapshot, bucket)
    }

    /// The index for reading.
    var index: some KeyIndexReading { keyIndex }

    /// The index for changes.
    var writableIndex: KeyIndex {
        mutating get { keyIndex }
    }

    /// Bytes that are applied and not yet in the file.
    var pendingBytes: Int { open.heldBytes + (committing?.heldBytes ?? 0) }

    /// Throws once a write transaction has failed.
    @inline(__always)
    func requireIntact() throws(StoreError) {
        if let failure { throw failure }
    }

    /// Makes readers use another snapshot of the file. Returns the former one, to be released
    /// outside the lock.
    mutating func replaceSnapshot(
        _ fresh: BoltReadTransaction, _ bucket: BoltBucket?
    ) -> BoltReadTransaction {
        let former = snapshot
        snapshot = fresh
        keyBucket = bucket
        keyFinder = bucket?.finder
        return former
    }

    /// Takes over another store's state, without its pins. Returns what is to be released outside
    /// the lock.
    mutating func adopt(_ fresh: borrowing StoreState) -> (BoltReadTransaction, KeyIndex) {
        precondition(committing == nil, "no batch is being committed")
        let formerIndex = keyIndex
        keyIndex = fresh.keyIndex
        let formerSnapshot = replaceSnapshot(fresh.snapshot, fresh.keyBucket)
        open = WriteBufferBatch()
        current = fresh.current
        compacted = fresh.compacted
        finishedCompaction = fresh.finishedCompaction
        compactions = fresh.compactions
        hashes = fresh.hashes
        authority = fresh.authority
        revokeAllPins()
        return (formerSnapshot, formerIndex)
    }
}
