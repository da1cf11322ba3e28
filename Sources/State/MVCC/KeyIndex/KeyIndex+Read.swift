package import Identifiers

/// Reads of single keys.
extension KeyIndex {
    /// The key's record at a main revision: its newest at or below it, nil if it did not exist.
    package func get(_ key: UnsafeRawBufferPointer, at main: Revision = .max) -> KeyRecord? {
        let leaf = leaf(for: key)
        let (index, found) = leaf.lowerBound(key)
        return found ? record(leaf.payload(index), at: main) : nil
    }

    /// The key's newest change at or below a main revision, deletions included.
    package func change(of key: UnsafeRawBufferPointer, at main: Revision) -> KeyChange? {
        let leaf = leaf(for: key)
        let (index, found) = leaf.lowerBound(key)
        guard found, let record = packedRecord(leaf.payload(index), at: main) else { return nil }
        return KeyChange(modified: record.modified, isTombstone: record.isTombstone)
    }

    /// The record of a leaf entry at a main revision, nil if the key did not exist.
    @inline(__always)
    func record(_ payload: UnsafeMutableRawPointer, at main: Revision) -> KeyRecord? {
        guard let packed = packedRecord(payload, at: main), !packed.isTombstone else {
            return nil
        }
        return packed.record
    }

    /// The newest change in a leaf entry at or below a main revision.
    @inline(__always)
    func packedRecord(_ payload: UnsafeMutableRawPointer, at main: Revision) -> PackedRecord? {
        let newest = PackedRecord(loadingFrom: payload)
        if newest.main <= main { return newest }
        let history = history(payload)
        guard let index = history.newest(at: main) else { return nil }
        return history[index]
    }

    /// The older versions of a leaf entry.
    func history(_ payload: UnsafeMutableRawPointer) -> History {
        let chunk = payload.loadUnaligned(
            fromByteOffset: LeafEntry.historyOffset, as: UInt32.self)
        return History(chunk: chunk, base: chunkBase)
    }
}
