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
    package var range: KeyRange
    /// 0 for the newest.
    package var revision: Int64
    /// 0 for all.
    package var limit: Int

    package init(_ range: KeyRange, revision: Int64 = 0, limit: Int = 0) {
        self.range = range
        self.revision = revision
        self.limit = limit
    }
}

/// What became of a read.
package enum ReadAnswer: Hashable, Sendable {
    /// Pairs by key, and how many more there are in the range.
    case pairs([StoredPair], leftOut: Int)
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
        let shown = request.limit > 0 ? Array(found.prefix(request.limit)) : found
        return .pairs(shown, leftOut: found.count - shown.count)
    }

    /// Holds an answer against what it has to be.
    package func require(
        _ answer: ReadAnswer, to request: ReadRequest, at position: StorePosition
    ) throws(Finding) {
        let right = self.answer(to: request, at: position)
        guard answer != right else { return }
        throw Finding(
            "a read of \(request.range) at revision \(request.revision), limit \(request.limit), "
                + "by a member at \(position.revision), compacted at \(position.compacted): "
                + "\(answer), right is \(right)")
    }
}
