import EtcdAPI

/// From a record to the pair in the answer. The callers hold the store's lock.
extension RangePlan {
    /// Hands over the pair of a record: as it is stored, or the view to be encoded in its place.
    /// `key` is nil where only the record is known.
    @inline(__always)
    private func withPair<Result>(
        _ key: UnsafeRawBufferPointer?, _ record: KeyRecord, in store: Store,
        stored: (UnsafeRawBufferPointer) -> Result, made: (KeyValueView) -> Result
    ) -> Result {
        guard request.keysOnly else { return stored(store.storedValue(of: record.modified)) }
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        guard isIndexOnly else {
            var view = store.storedView(of: record.modified)
            view.value = none
            return made(view)
        }
        let key = key ?? store.storedView(of: record.modified).key
        return made(
            KeyValueView(
                key: key, createRevision: record.created.main, modRevision: record.modified.main,
                version: record.version, value: none, lease: 0))
    }

    /// Bytes that the pair takes in a RangeResponse.
    func pairSizeBytes(
        _ key: UnsafeRawBufferPointer?, _ record: KeyRecord, in store: Store
    ) -> Int {
        let count = withPair(
            key, record, in: store, stored: { $0.count }, made: { $0.encodedSize })
        return KeyValueFraming.rangePairs.sizeBytes(encodedCount: count)
    }

    /// Appends the pair to an answer and returns the bytes it took.
    func append(
        _ key: UnsafeRawBufferPointer?, _ record: KeyRecord, in store: Store,
        to answer: inout RangeAnswer
    ) -> Int {
        let before = answer.keyValues.count
        withPair(
            key, record, in: store, stored: { answer.append(keyValue: $0) },
            made: { answer.append($0) })
        return answer.keyValues.count - before
    }

    /// Appends the pair to a writer and returns the bytes it took.
    func append(
        _ key: UnsafeRawBufferPointer?, _ record: KeyRecord, in store: Store,
        to writer: inout WireWriter
    ) -> Int {
        let before = writer.count
        withPair(
            key, record, in: store,
            stored: { KeyValueFraming.rangePairs.append($0, to: &writer) },
            made: { view in
                writer.appendLength(view.encodedSize, field: 2)
                view.encode(into: &writer)
            })
        return writer.count - before
    }
}
