package import EtcdAPI
package import Identifiers

/// One write transaction: all its changes get the same main revision, `current` + 1, and sub
/// revisions in the order they are made.
///
/// It holds the store's write lock from `beginWrite` to `end`, so readers see all of it or nothing,
/// and its own ranges see its changes. There is no rollback: requests are validated before, and
/// damage of the database, which any read can find, stops the store with `abandon`. It ends once,
/// by either of the two. Apply thread only.
package struct StoreWriteTransaction: ~Copyable {
    private var hold: WriteHold
    private let store: Store
    private let firstRecord: Int
    /// Number of changes made so far; the next sub revision.
    package private(set) var changeCount = 0

    fileprivate init(_ store: Store) {
        self.store = store
        hold = store.lock.hold()
        firstRecord = hold.state.open.records.count
    }

    /// The revision of its own reads: the next one as soon as anything was changed.
    package var revision: Revision {
        changeCount == 0 ? hold.state.current : hold.state.current.next
    }

    private var nextRevision: RevisionPair {
        RevisionPair(main: hold.state.current.next, sub: Int64(changeCount))
    }

    /// Stores a value and attaches the key to `lease` (0: to none). Returns the key's new record;
    /// version 1 means that the key did not exist.
    @discardableResult
    package mutating func put(
        _ key: ArraySlice<UInt8>, value: ArraySlice<UInt8>, lease: Int64
    ) -> KeyRecord {
        key.withUnsafeBytes { keyBytes in
            value.withUnsafeBytes { valueBytes in
                put(keyBytes, value: valueBytes, lease: lease)
            }
        }
    }

    /// As above, from borrowed memory.
    @discardableResult
    package mutating func put(
        _ key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, lease: Int64
    ) -> KeyRecord {
        let revision = nextRevision
        let record: KeyRecord
        do throws(KeyIndexError) {
            record = try hold.state.writableIndex.put(key, at: revision)
        } catch {
            hold.state.failure = .index(error)
            return KeyRecord(
                modified: revision, created: RevisionPair(main: revision.main), version: 1)
        }
        let view = KeyValueView(
            key: key, createRevision: record.created.main.rawValue,
            modRevision: revision.main.rawValue,
            version: record.version, value: value, lease: lease)
        hold.state.append(view, at: revision, isTombstone: false)
        changeCount += 1
        hold.state.putBytes += key.count + value.count
        bind(key, isNew: record.version == 1, to: lease)
        return record
    }

    private func bind(_ key: UnsafeRawBufferPointer, isNew: Bool, to lease: Int64) {
        guard let leases = store.leases else { return }
        let old = isNew ? 0 : leases.lease(of: key)
        guard old != lease else { return }
        if old != 0 { leases.detach(key, from: old) }
        if lease != 0 { leases.attach(key, to: lease) }
    }

    /// Deletes the keys of a range, ascending, and returns how many there were.
    package mutating func deleteRange(_ key: ArraySlice<UInt8>, end: ArraySlice<UInt8>) -> Int {
        deleteRange(key, end: end, before: { _, _ in })
    }

    /// As above. `previous` gets the encoded KeyValue of each key before its deletion; its bytes
    /// are valid during the call.
    package mutating func deleteRange(
        _ key: ArraySlice<UInt8>, end: ArraySlice<UInt8>,
        previous: (UnsafeRawBufferPointer) -> Void
    ) throws(StoreError) -> Int {
        try deleteRange(key, end: end) { state, record throws(StoreError) in
            previous(try state.storedValue(of: record.modified))
        }
    }

    /// Deletes keys that are attached to no lease.
    package mutating func deleteDetached(_ keys: [[UInt8]]) {
        for key in keys {
            _ = deleteRange(key[...], end: [], areDetached: true, before: { _, _ in })
        }
    }

    private mutating func deleteRange<Failure: Error>(
        _ key: ArraySlice<UInt8>, end: ArraySlice<UInt8>, areDetached: Bool = false,
        before: (borrowing StoreState, KeyRecord) throws(Failure) -> Void
    ) throws(Failure) -> Int {
        let first = hold.state.open.records.count
        let revision = revision
        try withKeyRange(key, end) { start, end throws(Failure) in
            _ = try hold.state.index.visit(from: start, to: end, at: revision, limit: 0) {
                key, record throws(Failure) in
                try before(hold.state, record)
                appendTombstone(key)
                return true
            }
        }
        for position in first..<hold.state.open.records.count {
            let record = hold.state.open.records[position]
            guard let view = KeyValueView(stored: record.value) else {
                preconditionFailure("a tombstone that was just encoded can be decoded")
            }
            do throws(KeyIndexError) {
                let deleted = try hold.state.writableIndex.tombstone(view.key, at: record.revision)
                precondition(deleted != nil, "a key that was just visited is live")
            } catch {
                hold.state.failure = .index(error)
                break
            }
            guard !areDetached, let leases = store.leases else { continue }
            let lease = leases.lease(of: view.key)
            if lease != 0 { leases.detach(view.key, from: lease) }
        }
        return hold.state.open.records.count - first
    }

    private mutating func appendTombstone(_ key: UnsafeRawBufferPointer) {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        let view = KeyValueView(
            key: key, createRevision: 0, modRevision: 0, version: 0, value: none, lease: 0)
        hold.state.append(view, at: nextRevision, isTombstone: true)
        changeCount += 1
    }

    /// Executes a range on the transaction's view. Throws `.futureRevision` and `.compacted`.
    /// `response.count` and `.more` are set; the caller sets the header.
    package func range(
        _ request: RangeRequest, into response: inout RangeResponse
    ) throws(ReadError) {
        let newest = revision
        let revision = try ReadError.checking { () throws(EtcdError) in
            try hold.state.resolve(Revision(request.revision), newest: newest)
        }
        try ReadError.reading { () throws(StoreError) in
            try hold.state.readWhole(RangePlan(request, revision: revision), into: &response)
        }
    }

    /// Calls `body` with the encoded KeyValue of a key in the transaction's view, nil if it does
    /// not exist. The bytes are valid during the call.
    package func withKeyValue<Result>(
        of key: ArraySlice<UInt8>, _ body: (UnsafeRawBufferPointer?) -> Result
    ) throws(StoreError) -> Result {
        try key.withBytes { key throws(StoreError) in
            guard let record = hold.state.index.get(key, at: revision) else { return body(nil) }
            return body(try hold.state.storedValue(of: record.modified))
        }
    }

    /// Calls `body` with the record of each key of a range in the transaction's view until it
    /// returns false; the KeyValue is decoded only on demand.
    package func forEach(
        _ key: ArraySlice<UInt8>, end: ArraySlice<UInt8>,
        _ body: (
            _ record: KeyRecord, _ view: () throws(StoreError) -> KeyValueView
        ) throws(StoreError) -> Bool
    ) throws(StoreError) {
        try withKeyRange(key, end) { start, end throws(StoreError) in
            _ = try hold.state.index.visit(from: start, to: end, at: revision, limit: 0) {
                _, record throws(StoreError) in
                try body(record) { () throws(StoreError) in
                    var records = RecordFinder(hold.state)
                    return try records.view(of: record.modified)
                }
            }
        }
    }

    /// Ends a transaction that found damage. Its changes cannot be rolled back, so the store stops:
    /// nothing is read or persisted any more, and the member must stop.
    package consuming func abandon(_ failure: StoreError) {
        hold.state.failure = hold.state.failure ?? failure
        hold.end()
    }

    /// Publishes the changes. Returns them for `WatchDispatcher.notify`, nil if there were none or
    /// one failed: then the revision stays unchanged.
    package consuming func end() -> CommittedTransaction? {
        var committed: CommittedTransaction?
        if hold.state.failure != nil {
            hold.state.removeRecords(from: firstRecord)
        } else if changeCount > 0 {
            hold.state.current = hold.state.current.next
            committed = CommittedTransaction(
                revision: hold.state.current, batch: hold.state.open,
                range: firstRecord..<hold.state.open.records.count)
        }
        hold.end()
        return committed
    }
}

extension Store {
    /// Begins a write transaction, taking the write lock unless `withWriteLock` holds it. Apply
    /// thread only; one at a time.
    package func beginWrite() -> StoreWriteTransaction {
        StoreWriteTransaction(self)
    }
}

/// Converts a range to the index's form: an empty `end` is the single key, one zero byte the end of
/// the key space.
func withKeyRange<Result, Failure: Error>(
    _ key: ArraySlice<UInt8>, _ end: ArraySlice<UInt8>,
    _ body: (UnsafeRawBufferPointer, KeyRangeEnd) throws(Failure) -> Result
) throws(Failure) -> Result {
    try key.withBytes { start throws(Failure) in
        if end.isEmpty { return try body(start, .single) }
        if end.count == 1, end.first == 0 { return try body(start, .unbounded) }
        return try end.withBytes { end throws(Failure) in try body(start, .key(end)) }
    }
}

extension ArraySlice where Element == UInt8 {
    /// The bytes as raw memory, with the closure's own error type kept.
    @inline(__always)
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { buffer throws(Failure) in
            try body(UnsafeRawBufferPointer(buffer))
        }
    }
}
