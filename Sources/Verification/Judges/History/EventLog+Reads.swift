package import Linearizability

/// How far a member is: its newest revision and its compaction (-1 for none).
package struct StorePosition: Hashable, Sendable {
    package var revision: Int64
    package var compacted: Int64

    package init(revision: Int64, compacted: Int64) {
        self.revision = revision
        self.compacted = compacted
    }
}

/// A read as it was asked for.
package struct ReadRequest: Hashable, Sendable {
    /// What of the pairs is told.
    package enum Extent: Hashable, Sendable {
        case pairs
        /// Pairs without their values.
        case keys
        case count
    }

    package var range: KeyRange
    /// 0 for the newest.
    package var revision: Int64
    /// 0 for all.
    package var limit: Int
    /// nil for the order of keys.
    package var order: ReadOrder?
    /// Only pairs whose last change lies between these revisions, of which 0 is none.
    package var modified = RevisionBounds()
    /// Only pairs that were created between these revisions, of which 0 is none.
    package var created = RevisionBounds()
    package var extent = Extent.pairs

    package init(_ range: KeyRange, revision: Int64 = 0, limit: Int = 0) {
        self.range = range
        self.revision = revision
        self.limit = limit
    }

    /// Whether pairs are told as they are and in the order of keys, the limit aside.
    package var isPlain: Bool {
        order == nil && modified.isOpen && created.isOpen && extent == .pairs
    }
}

/// The least and the greatest revision that passes; 0 for no bound.
package struct RevisionBounds: Hashable, Sendable {
    package var least: Int64
    package var greatest: Int64

    package init(least: Int64 = 0, greatest: Int64 = 0) {
        self.least = least
        self.greatest = greatest
    }

    package var isOpen: Bool { least == 0 && greatest == 0 }

    func admits(_ revision: Int64) -> Bool {
        (least == 0 || revision >= least) && (greatest == 0 || revision <= greatest)
    }
}

/// An order of pairs; those that are equal in it stay in the order of their keys.
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

/// What became of a read.
package enum ReadAnswer: Hashable, Sendable {
    /// Pairs, whether a limit left some out, and how many keys the whole range has.
    case pairs([StoredPair], more: Bool, count: Int)
    case compacted
    case futureRevision
    /// Something that is never right.
    case malformed(String)
}

/// Reads by revision.
extension EventLog {
    /// What a member that is at a position has to answer.
    package func answer(to request: ReadRequest, at position: StorePosition) -> ReadAnswer {
        let revision = request.revision <= 0 ? position.revision : request.revision
        guard revision <= position.revision else { return .futureRevision }
        guard revision >= position.compacted else { return .compacted }
        let found = pairs(request.range, at: revision)
        guard request.extent != .count else {
            return .pairs([], more: false, count: found.count)
        }
        var shown = found.filter {
            request.modified.admits($0.modified) && request.created.admits($0.created)
        }
        if let order = request.order { shown = order.sorted(shown) }
        let more = request.limit > 0 && shown.count > request.limit
        if more { shown.removeLast(shown.count - request.limit) }
        if request.extent == .keys { shown = shown.map { Self.key($0, request.order) } }
        return .pairs(shown, more: more, count: found.count)
    }

    /// Keys are told from the index, which does not know their leases, unless values are looked at.
    private static func key(_ pair: StoredPair, _ order: ReadOrder?) -> StoredPair {
        var pair = pair
        pair.value = ""
        if order?.target != .value { pair.lease = 0 }
        return pair
    }

    /// Holds an answer against what it has to be.
    package func require(
        _ answer: ReadAnswer, to request: ReadRequest, at position: StorePosition
    ) throws(Finding) {
        let right = self.answer(to: request, at: position)
        guard answer != right else { return }
        throw Finding(
            "a read of \(request) "
                + "by a member at \(position.revision), compacted at \(position.compacted): "
                + "\(answer), right is \(right)")
    }
}
