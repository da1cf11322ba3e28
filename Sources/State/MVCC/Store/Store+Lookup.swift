import Bolt
package import EtcdAPI
package import Identifiers

/// Record lookups by revision.
extension Store {
    /// The encoded KeyValue of a revision from the index. The caller holds the lock for writing.
    func storedValue(of revision: RevisionPair) throws(StoreError) -> UnsafeRawBufferPointer {
        var records = RecordFinder(self)
        return try records.value(of: revision)
    }

    /// The encoded KeyValue of a key at a main revision, nil if it did not exist then or the
    /// revision is compacted. Any thread.
    package func keyValue(
        of key: UnsafeRawBufferPointer, at main: Revision
    ) throws(StoreError) -> [UInt8]? {
        var filed: FiledRecord
        switch try find(key, at: main) {
        case nil: return nil
        case .copied(let value): return value
        case .inFile(let record): filed = record
        }
        return try filed.withValue { Array($0) }
    }

    private enum FoundValue {
        case copied([UInt8])
        case inFile(FiledRecord)
    }

    private func find(
        _ key: UnsafeRawBufferPointer, at main: Revision
    ) throws(StoreError) -> FoundValue? {
        try withReadLock { store throws(StoreError) in
            try store.requireIntact()
            guard main >= store.compacted, main <= store.current,
                let record = store.index.get(key, at: main)
            else { return nil }
            if let value = BufferedRecords(store).value(of: record.modified) {
                return .copied(Array(value))
            }
            return .inFile(FiledRecord(record.modified, in: store))
        }
    }

    /// Resolves a requested revision; 0 and below mean the newest.
    func resolve(_ requested: Revision, newest: Revision) throws(EtcdError) -> Revision {
        guard requested <= newest else { throw .futureRevision }
        let revision = requested <= 0 ? newest : requested
        guard revision >= compacted else { throw .compacted }
        return revision
    }

    /// Checks that a read at `requested` would be allowed now, as a transaction's ranges are
    /// checked before anything of it is applied; 0 is always allowed, a negative revision is below
    /// every other. Apply thread only.
    package func checkReadable(_ requested: Revision) throws(EtcdError) {
        guard requested != 0 else { return }
        let (newest, oldest) = isExclusive ? (current, compacted) : revisions
        try Self.check(requested, isWithin: oldest, newest)
    }

    /// Throws unless a revision other than 0 lies between the oldest and the newest readable one.
    static func check(
        _ requested: Revision, isWithin oldest: Revision, _ newest: Revision
    ) throws(EtcdError) {
        guard requested <= newest else { throw .futureRevision }
        guard requested >= oldest else { throw .compacted }
    }
}
