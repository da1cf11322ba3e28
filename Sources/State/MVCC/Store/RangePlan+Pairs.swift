import EtcdAPI

/// From a record to the pair in the response. The callers hold the store's lock.
extension RangePlan {
    /// The pair of a record if it differs from the stored one, else nil. `key` is nil if only the
    /// record is known.
    private func convertedPair(
        _ key: UnsafeRawBufferPointer?, _ record: KeyRecord, in records: inout RecordFinder
    ) throws(StoreError) -> KeyValueView? {
        guard request.keysOnly else { return nil }
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        guard isIndexOnly else {
            var view = try records.view(of: record.modified)
            view.value = none
            return view
        }
        let storedKey = if let key { key } else { try records.view(of: record.modified).key }
        return KeyValueView(
            key: storedKey,
            createRevision: record.created.main.rawValue,
            modRevision: record.modified.main.rawValue,
            version: record.version, value: none, lease: 0)
    }

    /// Bytes that the pair takes in a RangeResponse.
    func pairSizeBytes(
        _ key: UnsafeRawBufferPointer?, _ record: KeyRecord, in records: inout RecordFinder
    ) throws(StoreError) -> Int {
        let count =
            if let view = try convertedPair(key, record, in: &records) {
                view.encodedSize
            } else {
                try records.value(of: record.modified).count
            }
        return KeyValueFraming.rangePairs.sizeBytes(encodedCount: count)
    }

    /// Appends the pair to a response and returns the bytes it took.
    func append(
        _ key: UnsafeRawBufferPointer?, _ record: KeyRecord, in records: inout RecordFinder,
        to response: inout RangeResponse
    ) throws(StoreError) -> Int {
        let before = response.keyValues.count
        if let view = try convertedPair(key, record, in: &records) {
            response.append(view)
        } else {
            response.append(keyValue: try records.value(of: record.modified))
        }
        return response.keyValues.count - before
    }

    /// Appends the pair to a writer and returns the bytes it took.
    func append(
        _ key: UnsafeRawBufferPointer?, _ record: KeyRecord, in records: inout RecordFinder,
        to writer: inout WireWriter
    ) throws(StoreError) -> Int {
        let before = writer.count
        if let view = try convertedPair(key, record, in: &records) {
            writer.appendLength(view.encodedSize, field: 2)
            view.encode(into: &writer)
        } else {
            let stored = try records.value(of: record.modified)
            KeyValueFraming.rangePairs.append(stored, to: &writer)
        }
        return writer.count - before
    }
}
