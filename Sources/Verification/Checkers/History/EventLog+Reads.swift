package import Identifiers
package import Linearizability

/// The position of a member: its current revision and its compacted revision (-1 for none).
package struct StorePosition: Hashable, Sendable {
    package var revision: Revision
    package var compacted: Revision

    package init(revision: Revision, compacted: Revision) {
        self.revision = revision
        self.compacted = compacted
    }
}

/// A read request as the client sent it.
package struct RecordedRead: Hashable, Sendable {
    /// What the response contains.
    package enum Extent: Hashable, Sendable {
        case pairs
        /// Pairs without their values.
        case keys
        case count
    }

    package var range: KeyRange
    /// 0 for the newest.
    package var revision: Revision
    /// 0 for all.
    package var limit: Int
    /// nil for the order of keys.
    package var order: ReadOrder?
    /// Only pairs with a mod revision within these bounds.
    package var modified = RevisionBounds()
    /// Only pairs with a create revision within these bounds.
    package var created = RevisionBounds()
    package var extent = Extent.pairs

    package init(_ range: KeyRange, revision: Revision = 0, limit: Int = 0) {
        self.range = range
        self.revision = revision
        self.limit = limit
    }

    /// Whether the response has whole pairs in key order; the limit does not matter.
    package var isPlain: Bool {
        order == nil && modified.isOpen && created.isOpen && extent == .pairs
    }
}

/// The least and the greatest revision allowed; 0 for no bound.
package struct RevisionBounds: Hashable, Sendable {
    package var least: Revision
    package var greatest: Revision

    package init(least: Revision = 0, greatest: Revision = 0) {
        self.least = least
        self.greatest = greatest
    }

    package var isOpen: Bool { least == 0 && greatest == 0 }

    func contains(_ revision: Revision) -> Bool {
        (least == 0 || revision >= least) && (greatest == 0 || revision <= greatest)
    }
}

/// A sort order; pairs that compare equal stay in key order.
package struct ReadOrder: Hashable, Sendable {
    package enum Target: Hashable, Sendable, CaseIterable {
        case key, version, created, modified, value
    }

    package let target: Target
    package let isDescending: Bool

    package init(by target: Target, isDescending: Bool) {
        self.target = target
        self.isDescending = isDescending
    }

    func sorted(_ pairs: [StoredPair]) -> [StoredPair] {
        switch target {
        case .key: sorted(pairs) { $0.key }
        case .version: sorted(pairs) { $0.version }
        case .created: sorted(pairs) { $0.created }
        case .modified: sorted(pairs) { $0.modified }
        case .value: sorted(pairs) { $0.value }
        }
    }

    private func sorted<Property: Comparable>(
        _ pairs: [StoredPair], _ property: (StoredPair) -> Property
    ) -> [StoredPair] {
        pairs.enumerated().sorted { one, other in
            let (left, right) = (property(one.element), property(other.element))
            guard left != right else { return one.offset < other.offset }
            return isDescending ? left > right : left < right
        }.map(\.element)
    }
}

/// The response to a read.
package enum RecordedReadResponse: Hashable, Sendable {
    /// Pairs, whether the limit cut some off, and the number of keys in the whole range.
    case pairs([StoredPair], more: Bool, count: Int)
    case compacted
    case futureRevision
    /// A response that is never correct.
    case malformed(String)
}

/// Reads by revision.
extension EventLog {
    /// The response that a member at a position must return.
    package func response(
        to request: RecordedRead, at position: StorePosition
    ) -> RecordedReadResponse {
        let revision = request.revision <= 0 ? position.revision : request.revision
        guard revision <= position.revision else { return .futureRevision }
        guard revision >= position.compacted else { return .compacted }
        let found = pairs(request.range, at: revision)
        guard request.extent != .count else {
            return .pairs([], more: false, count: found.count)
        }
        var selected = found.filter {
            request.modified.contains($0.modified) && request.created.contains($0.created)
        }
        if let order = request.order { selected = order.sorted(selected) }
        let more = request.limit > 0 && selected.count > request.limit
        if more { selected.removeLast(selected.count - request.limit) }
        if request.extent == .keys {
            selected = selected.map { Self.withoutValue($0, request.order) }
        }
        return .pairs(selected, more: more, count: found.count)
    }

    /// Keys are read from the index, which has no leases, unless the values are read as well.
    private static func withoutValue(_ pair: StoredPair, _ order: ReadOrder?) -> StoredPair {
        var pair = pair
        pair.value = ""
        if order?.target != .value { pair.lease = 0 }
        return pair
    }

    /// Requires that a response is the expected one.
    package func require(
        _ response: RecordedReadResponse, to request: RecordedRead, at position: StorePosition
    ) throws(Finding) {
        let expected = self.response(to: request, at: position)
        guard response != expected else { return }
        throw Finding(
            "a read of \(request) "
                + "by a member at \(position.revision), compacted at \(position.compacted): "
                + "\(response), expected \(expected)")
    }
}
