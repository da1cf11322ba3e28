/// One version of a key, as stored in the index.
package struct KeyRecord: Hashable, Sendable {
    /// The revision of this version.
    package var modified: RevisionPair
    /// The revision of the key's creation: the first put since it last did not exist.
    ///
    /// Only `main` is relevant; `sub` is 0, as in etcd for every key read back at a restart.
    package var created: RevisionPair
    /// Number of puts since `created`, including it.
    package var version: Int64

    /// Makes a record.
    package init(modified: RevisionPair, created: RevisionPair, version: Int64) {
        self.modified = modified
        self.created = created
        self.version = version
    }
}

/// The end of a key range.
package enum KeyRangeEnd {
    /// Only the key the range starts from.
    case single
    /// All keys from the start on.
    case unbounded
    /// All keys from the start on, below this key.
    case key(UnsafeRawBufferPointer)

    /// The key that the range ends before, if any.
    var key: UnsafeRawBufferPointer? {
        if case .key(let key) = self { key } else { nil }
    }
}

/// The result of a visit of a range.
package struct RangeVisit: Equatable, Sendable {
    /// Keys passed to the body.
    package var visited: Int
    /// Whether the range holds further keys at that revision.
    package var hasMore: Bool

    /// Makes a result.
    package init(visited: Int, hasMore: Bool) {
        self.visited = visited
        self.hasMore = hasMore
    }
}

/// How many index entries a visit may examine, those without a key at its revision included.
package struct EntryBudget {
    /// Entries left.
    package private(set) var left: Int
    /// Where to continue; nil unless the budget was spent before the end.
    package internal(set) var next: [UInt8]?

    package init(_ count: Int = .max) { left = count }

    /// Takes as many entries as are left of these.
    mutating func take(_ count: Int) { left -= min(count, left) }

    /// Takes one entry; false if none is left.
    @inline(__always)
    mutating func take() -> Bool {
        guard left > 0 else { return false }
        left -= 1
        return true
    }
}

/// The newest change of a key at or before some revision.
package struct KeyChange: Hashable, Sendable {
    /// The revision of the change.
    package var modified: RevisionPair
    /// Whether the change deleted the key.
    package var isTombstone: Bool

    /// Makes a change.
    package init(modified: RevisionPair, isTombstone: Bool) {
        self.modified = modified
        self.isTombstone = isTombstone
    }
}
