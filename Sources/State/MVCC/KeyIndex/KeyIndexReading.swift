import Identifiers

/// The part of a key index that changes nothing; see `KeyIndex` for each. The store's state gives
/// this much to those who hold the lock for reading.
protocol KeyIndexReading {
    var liveKeyCount: Int { get }
    var reservedBytes: Int { get }
    var sizeBytes: Int { get }

    func isFilled(eighths: Int) -> Bool

    func get(_ key: UnsafeRawBufferPointer, at main: Revision) -> KeyRecord?

    func change(of key: UnsafeRawBufferPointer, at main: Revision) -> KeyChange?

    func hasKey(at main: Revision) -> Bool

    func count(
        from start: UnsafeRawBufferPointer, to end: KeyRangeEnd, at main: Revision,
        entries: inout EntryBudget
    ) -> Int

    func visit<Failure: Error>(
        from start: UnsafeRawBufferPointer, to end: KeyRangeEnd, at main: Revision, limit: Int,
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(Failure) -> Bool
    ) throws(Failure) -> RangeVisit

    func visit<Failure: Error>(
        from start: UnsafeRawBufferPointer, to end: KeyRangeEnd, at main: Revision, limit: Int,
        entries: inout EntryBudget,
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(Failure) -> Bool
    ) throws(Failure) -> RangeVisit

    func visitDescending<Failure: Error>(
        from start: UnsafeRawBufferPointer, below end: UnsafeRawBufferPointer?,
        at main: Revision, entries: inout EntryBudget,
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(Failure) -> Bool
    ) throws(Failure)
}

extension KeyIndex: KeyIndexReading {}
