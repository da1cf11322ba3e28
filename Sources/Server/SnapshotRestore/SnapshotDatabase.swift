import Bolt
package import Disk
import EtcdAPI
import MVCC
package import StateMachine

/// The database of a leader's snapshot, in a file that nothing uses yet.
///
/// It takes the place of a good one, so all of it is looked at before: the file's length, both meta
/// pages with their checksums, every page, every record, what the database says of itself, and
/// that it has applied what the snapshot stands for. Bolt's pages have no checksum of their own:
/// a changed value is found by the hashes that members compare, and not here.
package struct SnapshotDatabase {
    private let disk: any Disk
    private let path: String

    /// The database of 3.5 is not told of every entry that changes nothing in it, so it may be
    /// behind the leader that has sent it. From 3.6 on databases say what they are written for.
    package struct OldMark: Equatable, Sendable {
        /// What the database said.
        package let appliedIndex: UInt64
    }

    package init(disk: any Disk, path: String) {
        self.disk = disk
        self.path = path
    }

    /// Checks a database that a leader has sent, and makes it say that it has come to the
    /// snapshot where that is left to the reader. What is changed is durable.
    ///
    /// - Parameters:
    ///   - index: where the snapshot stands in the log.
    ///   - term: of the entry there.
    /// - Returns: what the database of a 3.5 said before; nil where nothing was changed.
    package func accept(index: UInt64, term: UInt64) throws(StateRefusal) -> OldMark? {
        let state = try checked()
        guard state.appliedIndex < index, state.storageVersion == nil, state.appliedIndex > 0
        else {
            try state.require(through: index)
            return nil
        }
        try state.require()
        try write(index: index, term: term)
        return OldMark(appliedIndex: state.appliedIndex)
    }

    /// Checks a database that was accepted before the member stopped.
    package func requireServable(through index: UInt64) throws(StateRefusal) {
        try checked().require(through: index)
    }

    /// What the database says, once all of it can be read.
    private func checked() throws(StateRefusal) -> ServableState {
        let bolt = try open(readOnly: true)
        defer { bolt.close() }
        if let violation = bolt.check(violationsMax: 1).first {
            throw .brokenPage("\(violation)")
        }
        try requireReadable(bolt)
        return ServableState(of: bolt)
    }

    private func open(readOnly: Bool) throws(StateRefusal) -> Bolt {
        do throws(BoltError) {
            return try Bolt.open(
                disk: disk, path: path,
                options: BoltOptions(readOnly: readOnly, bucketsAreFlat: true))
        } catch {
            throw .store(.bolt(error))
        }
    }

    /// Reads every record as the store will when it restores its index.
    private func requireReadable(_ bolt: Bolt) throws(StateRefusal) {
        let reading = bolt.beginRead()
        defer { reading.end() }
        guard var cursor = reading.bucket(StoreBucket.key)?.cursor() else { return }
        var entry = cursor.first()
        var newest = Revision(main: -1)
        while let (key, value) = entry {
            guard let name = RevisionKey(decoding: key), name.revision > newest,
                Self.isReadable(value, name)
            else { throw .store(.malformedRecord(key: Array(key))) }
            newest = name.revision
            entry = cursor.next()
        }
    }

    private static func isReadable(_ value: UnsafeRawBufferPointer, _ name: RevisionKey) -> Bool {
        guard let pair = try? KeyValueView(decoding: value) else { return false }
        let record = KeyRecord(
            modified: name.revision,
            created: Revision(main: name.isTombstone ? 0 : pair.createRevision),
            version: name.isTombstone ? 0 : pair.version)
        return KeyIndex.holds(record)
    }

    private func write(index: UInt64, term: UInt64) throws(StateRefusal) {
        let bolt = try open(readOnly: false)
        defer { bolt.close() }
        do throws(BoltError) {
            let transaction = bolt.beginWrite()
            let meta = try transaction.createBucketIfMissing(StoreBucket.meta)
            try StoreBucket.noteApplied(index: index, term: term, in: meta)
            try transaction.commit()
        } catch {
            throw .store(.bolt(error))
        }
    }
}
