import Auth
import Bolt
package import Disk
import EtcdAPI
package import Identifiers
import MVCC
package import StateMachine

/// The database of a leader's snapshot, in a file that is not in use yet.
///
/// It replaces a valid database, so all of it is checked before: the file's length, both meta pages
/// with their checksums, every page, every record, the metadata of the database, and that its applied
/// index is at least the snapshot's index. Bolt's pages have no checksums, so this check does not
/// detect a changed value; the hashes that members compare do.
package struct SnapshotDatabase {
    private let disk: any Disk
    private let path: String

    /// The consistent index before it was raised to that of the snapshot. etcd 3.5 does not record
    /// entries that change nothing in the database, so its database may be behind the leader that
    /// has sent it. From 3.6 on databases have a storage version.
    package struct ReplacedIndex: Equatable, Sendable {
        /// The index in the received database.
        package let appliedIndex: LogIndex
    }

    package init(disk: any Disk, path: String) {
        self.disk = disk
        self.path = path
    }

    /// Checks a database that a leader has sent, and raises its consistent index to that of the
    /// snapshot if its version requires that. The change is durable.
    ///
    /// - Parameters:
    ///   - index: index of the snapshot in the log.
    ///   - term: of the entry at that index.
    /// - Returns: the former index in a database of 3.5; nil if nothing was changed.
    package func accept(index: LogIndex, term: Term) throws(StateRefusal) -> ReplacedIndex? {
        let state = try checked()
        guard state.appliedIndex < index, state.storageVersion == nil, state.appliedIndex > 0
        else {
            try state.require(through: index)
            return nil
        }
        try state.require()
        try write(index: index, term: term)
        return ReplacedIndex(appliedIndex: state.appliedIndex)
    }

    /// Checks a database that was accepted before the member stopped.
    package func requireServable(through index: LogIndex) throws(StateRefusal) {
        try checked().require(through: index)
    }

    /// The metadata of the database, once all of it can be read.
    private func checked() throws(StateRefusal) -> ServableState {
        let bolt = try open(readOnly: true)
        defer { bolt.close() }
        if let violation = bolt.check(violationsMax: 1).first {
            throw .brokenPage("\(violation)")
        }
        let (malformed, state) = try Self.reading { () throws(PageFault) in
            (try malformedRecord(of: bolt), try ServableState(of: bolt))
        }
        if let malformed { throw .store(.malformedRecord(key: malformed)) }
        return state
    }

    private func open(readOnly: Bool) throws(StateRefusal) -> Bolt {
        do throws(BoltError) {
            return try Bolt.open(
                disk: disk, path: path,
                configuration: BoltConfiguration(readOnly: readOnly, bucketsAreFlat: true))
        } catch {
            throw .store(.bolt(error))
        }
    }

    private static func reading<Result>(
        _ body: () throws(PageFault) -> Result
    ) throws(StateRefusal) -> Result {
        do throws(PageFault) {
            return try body()
        } catch {
            throw .store(.bolt(.corrupt(error)))
        }
    }

    /// Reads every record as the stores of users and keys do when they are restored.
    ///
    /// - Returns: the key of the first one that the store would reject.
    private func malformedRecord(of bolt: Bolt) throws(PageFault) -> [UInt8]? {
        let reading = bolt.beginRead()
        defer { reading.end() }
        if let malformed = try malformedUserOrRole(in: reading) { return malformed }
        guard var cursor = try reading.bucket(StoreBucket.key)?.cursor() else { return nil }
        var newest = RevisionPair(main: -1)
        while let (key, value) = try cursor.next() {
            guard let name = RevisionKey(decoding: key), name.revision > newest,
                Self.isReadable(value, name)
            else { return Array(key) }
            newest = name.revision
        }
        return nil
    }

    private func malformedUserOrRole(
        in reading: BoltReadTransaction
    ) throws(PageFault) -> [UInt8]? {
        do throws(AuthRestoreError) {
            _ = try AuthStore(from: reading)
            return nil
        } catch {
            switch error {
            case .damagedPage(let fault): throw fault
            case .malformedRecord(let key): return key
            }
        }
    }

    private static func isReadable(_ value: UnsafeRawBufferPointer, _ name: RevisionKey) -> Bool {
        guard let pair = try? KeyValueView(decoding: value) else { return false }
        let record = KeyRecord(
            modified: name.revision,
            created: RevisionPair(
                main: name.isTombstone ? .zero : Revision(pair.createRevision)),
            version: name.isTombstone ? 0 : pair.version)
        return KeyIndex.holds(record)
    }

    private func write(index: LogIndex, term: Term) throws(StateRefusal) {
        let bolt = try open(readOnly: false)
        defer { bolt.close() }
        do throws(BoltError) {
            let transaction = bolt.beginWrite()
            let meta = try transaction.createBucketIfMissing(StoreBucket.meta)
            try StoreBucket.recordApplied(index: index, term: term, in: meta)
            try transaction.commit()
        } catch {
            throw .store(.bolt(error))
        }
    }
}
