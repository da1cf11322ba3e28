package import Identifiers
package import Linearizability

/// The history of the store, revision by revision: the content that all members agree on. Every
/// response, event and hash is checked against it.
///
/// The log takes the changes of the first member that applies them and checks that each follows
/// from the state before: create revision, mod revision and version must be right, and only
/// existing keys are deleted. Other members must apply the same changes.
package struct EventLog: Sendable {
    /// Changes of each revision, beginning with revision 2.
    private var revisions: [[LoggedChange]] = []
    /// The states of each key by revision; nil where it was deleted.
    private var histories: [String: [(revision: Revision, pair: StoredPair?)]] = [:]
    private var live: [String: StoredPair] = [:]
    /// The newest compaction; -1 before the first.
    package private(set) var compacted: Revision = -1

    /// A log of an empty store, which is at revision 1.
    package init() {}

    /// The newest revision.
    package var newest: Revision { Revision(Int64(revisions.count) + 1) }

    /// The changes of a revision in order; empty if there is no such revision.
    package func changes(at revision: Revision) -> [LoggedChange] {
        revision >= 2 && revision <= newest ? revisions[revision - 2] : []
    }

    /// Appends the changes of a revision.
    package mutating func append(_ changes: [RecordedChange], at revision: Revision) throws(Finding)
    {
        guard revision == newest.next else {
            throw Finding("revision \(revision) follows revision \(newest)")
        }
        guard !changes.isEmpty, Set(changes.map(\.key)).count == changes.count else {
            throw Finding("revision \(revision) changes a key twice, or none: \(changes)")
        }
        var logged: [LoggedChange] = []
        for change in changes {
            let previous = live[change.key]
            try Self.require(change, follows: previous, at: revision)
            logged.append(LoggedChange(change: change, previous: previous))
        }
        for change in changes {
            let pair = change.isDeletion ? nil : change.pair
            live[change.key] = pair
            histories[change.key, default: []].append((revision, pair))
        }
        revisions.append(logged)
    }

    private static func require(
        _ change: RecordedChange, follows previous: StoredPair?, at revision: Revision
    ) throws(Finding) {
        guard change.pair.modified == revision else {
            throw Finding("revision \(revision) has a change of another revision: \(change)")
        }
        if change.isDeletion {
            guard previous != nil else {
                throw Finding("revision \(revision) deletes \(change.key), which does not exist")
            }
            return
        }
        let created = previous?.created ?? revision
        let version = (previous?.version ?? 0) + 1
        guard change.pair.created == created, change.pair.version == version else {
            throw Finding(
                "revision \(revision): \(change.key) is created at \(created), version "
                    + "\(version) is expected, the store has \(change)")
        }
    }

    /// Requires that another member has the same changes at a revision.
    package func require(_ changes: [RecordedChange], at revision: Revision) throws(Finding) {
        let known = self.changes(at: revision).map(\.change)
        guard known != changes else { return }
        throw Finding("revision \(revision) is \(changes), the first member had \(known)")
    }

    /// Records a compaction that was applied.
    package mutating func compact(at revision: Revision) throws(Finding) {
        guard revision > compacted, revision <= newest else {
            throw Finding(
                "a compaction at \(revision) is accepted, the last was at \(compacted) and "
                    + "the newest revision is \(newest)")
        }
        compacted = revision
    }

    /// Requires that a refused compaction was rightly refused.
    package func requireNoCompaction(at revision: Revision) throws(Finding) {
        guard revision > compacted, revision <= newest else { return }
        throw Finding("a compaction at \(revision) is refused, the last was at \(compacted)")
    }
}

/// States of the store.
extension EventLog {
    /// The pair of a key as of a revision.
    package func pair(of key: String, at revision: Revision) -> StoredPair? {
        guard let history = histories[key] else { return nil }
        var low = 0
        var high = history.count
        while low < high {
            let middle = (low + high) / 2
            if history[middle].revision <= revision { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : history[low - 1].pair
    }

    /// The pairs of a range as of a revision, by key.
    package func pairs(_ range: KeyRange, at revision: Revision) -> [StoredPair] {
        histories.keys.filter(range.contains).sorted().compactMap { pair(of: $0, at: revision) }
    }

    /// The keys attached to a lease as of a revision, ascending.
    package func keys(of lease: Int64, at revision: Revision) -> [String] {
        pairs(.all, at: revision).filter { $0.lease == lease }.map(\.key)
    }
}

/// One key, or those of [key, end).
package struct KeyRange: Hashable, Sendable {
    package let key: String
    package let end: String?

    package init(key: String, end: String? = nil) { (self.key, self.end) = (key, end) }

    /// All keys: no character sorts after the last of Unicode.
    package static let all = KeyRange(key: "", end: "\u{10FFFF}")

    package func contains(_ candidate: String) -> Bool {
        guard let end else { return candidate == key }
        return candidate >= key && candidate < end
    }
}
