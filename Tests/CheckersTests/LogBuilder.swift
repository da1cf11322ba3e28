import Checkers
import Identifiers
import Linearizability

/// Builds a log from short calls: `put("a", "1")`, `delete("a")`, each a revision of its own unless
/// several are added together.
struct LogBuilder {
    private(set) var log = EventLog()

    static func pair(
        _ key: String, _ value: String, _ created: Revision, _ modified: Revision, _ version: Int64,
        lease: Int64 = 0
    ) -> StoredPair {
        StoredPair(
            key: key, value: value, created: created, modified: modified, version: version,
            lease: lease)
    }

    /// The change of a put at the next revision.
    func put(_ key: String, _ value: String, lease: Int64 = 0) -> RecordedChange {
        let revision = log.newest.next
        let before = log.pair(of: key, at: log.newest)
        return RecordedChange(
            isDeletion: false,
            pair: Self.pair(
                key, value, before?.created ?? revision, revision, (before?.version ?? 0) + 1,
                lease: lease),
            record: Array("\(key)=\(value)".utf8))
    }

    func delete(_ key: String) -> RecordedChange { .deletion(of: key, at: log.newest.next) }

    mutating func add(_ changes: RecordedChange...) throws {
        try log.append(changes, at: log.newest.next)
    }

    mutating func compact(_ revision: Revision) throws { try log.compact(at: revision) }

    /// The events that a correct member sends to a watcher for a revision.
    func events(_ revision: Revision, _ interest: WatchInterest) -> [WatchedEvent] {
        log.changes(at: revision).filter { interest.matches($0.change) }.map { logged in
            WatchedEvent(
                isDeletion: logged.change.isDeletion, pair: logged.change.pair,
                previous: interest.wantsPrevious ? logged.previous : nil)
        }
    }
}
