package import Identifiers
package import Linearizability

/// One change of one key at a revision, as a member's store keeps it.
package struct RecordedChange: Hashable, Sendable {
    package var isDeletion: Bool
    /// The pair after the change; of a deletion the key and the revision that deleted it.
    package var pair: StoredPair
    /// The bytes of its record in the store.
    package var record: [UInt8]

    package init(isDeletion: Bool, pair: StoredPair, record: [UInt8] = []) {
        self.isDeletion = isDeletion
        self.pair = pair
        self.record = record
    }

    package var key: String { pair.key }

    /// Whether the change created the key: created and modified by the same revision.
    package var isCreation: Bool { !isDeletion && pair.created == pair.modified }

    /// A put of a pair.
    package static func put(_ pair: StoredPair) -> RecordedChange {
        RecordedChange(isDeletion: false, pair: pair)
    }

    /// A deletion at a revision.
    package static func deletion(of key: String, at revision: Revision) -> RecordedChange {
        RecordedChange(
            isDeletion: true,
            pair: StoredPair(key: key, value: "", created: 0, modified: revision, version: 0))
    }
}

extension RecordedChange: CustomStringConvertible {
    package var description: String {
        isDeletion
            ? "deletion of \(pair.key) at \(pair.modified)"
            : "put of \(pair.key) at \(pair.modified), created \(pair.created), version "
                + "\(pair.version), lease \(pair.lease), value \(pair.value.prefix(20))"
    }
}

/// A change together with the pair that it replaced.
package struct LoggedChange: Hashable, Sendable {
    package let change: RecordedChange
    package let previous: StoredPair?
}
