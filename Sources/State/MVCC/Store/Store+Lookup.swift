import Bolt
package import EtcdAPI
package import Identifiers

/// Record lookups by revision.
extension Store {
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
        try lock.withReadLock { state throws(StoreError) in
            try state.requireIntact()
            guard main >= state.compacted, main <= state.current,
                let record = state.index.get(key, at: main)
            else { return nil }
            if let value = BufferedRecords(state).value(of: record.modified) {
                return .copied(Array(value))
            }
            return .inFile(FiledRecord(record.modified, in: state))
        }
    }

    /// Checks that a read at `requested` would be allowed now, as a transaction's ranges are
    /// checked before anything of it is applied; 0 is always allowed, a negative revision is below
    /// every other. Apply thread only.
    package func checkReadable(_ requested: Revision) throws(EtcdError) {
        guard requested != 0 else { return }
        let (newest, oldest) = lock.withReadLockOrHold { state in
            (state.current, state.compacted)
        }
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

extension StoreState {
    /// The encoded KeyValue of a revision from the index.
    func storedValue(of revision: RevisionPair) throws(StoreError) -> UnsafeRawBufferPointer {
        var records = RecordFinder(self)
        return try records.value(of: revision)
    }

    /// Resolves a requested revision; 0 and below mean the newest.
    func resolve(_ requested: Revision, newest: Revision) throws(EtcdError) -> Revision {
        guard requested <= newest else { throw .futureRevision }
        let revision = requested <= 0 ? newest : requested
        guard revision >= compacted else { throw .compacted }
        return revision
    }
}
