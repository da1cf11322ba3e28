import EtcdAPI

/// From a record to the pair in the answer. The callers hold the store's lock.
extension RangePlan {
    /// The pair of a record where it is not answered as it is stored, else nil. `key` is nil where
    /// only the record is known.
    private func madePair(
        _ key: UnsafeRawBufferPointer?, _ record: KeyRecord, in records: inout RecordFinder
    ) -> KeyValueView? {
        guard request.keysOnly else { return nil }
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        guard isIndexOnly else {
            var view = records.view(of: record.modified)
            view.value = none
            return view
        }
        return KeyValueView(
            key: key ?? records.view(of: record.modified).key,
            createRevision: record.created.main, modRevision: record.modified.main,
            version: record.version, value: none, lease: 0)
    }

    /// Bytes that the pair takes in a RangeResponse.
    func pairSizeBytes(
        _ key: UnsafeRawBufferPointer?, _ record: KeyRecord, in records: inout RecordFinder
    ) -> Int {
        let count =
            madePair(key, record, in: &records)?.encodedSize
            ?? records.value(of: record.modified).count
        return KeyValueFraming.rangePairs.sizeBytes(encodedCount: count)
    }

    /// Appends the pair to an answer and returns the bytes it took.
    func append(
        _ key: UnsafeRawBufferPointer?, _ record: KeyRecord, in records: inout RecordFinder,
        to answer: inout RangeAnswer
    ) -> Int {
        let before = answer.keyValues.count
        if let view = madePair(key, record, in: &records) {
            answer.append(view)
        } else {
            answer.append(keyValue: records.value(of: record.modified))
        }
        return answer.keyValues.count - before
    }

    /// Appends the pair to a writer and returns the bytes it took.
    func append(
        _ key: UnsafeRawBufferPointer?, _ record: KeyRecord, in records: inout RecordFinder,
        to writer: inout WireWriter
    ) -> Int {
        let before = writer.count
        if let view = madePair(key, record, in: &records) {
            writer.appendLength(view.encodedSize, field: 2)
            view.encode(into: &writer)
        } else {
            let stored = records.value(of: record.modified)
            KeyValueFraming.rangePairs.append(stored, to: &writer)
        }
        return writer.count - before
    }
}
