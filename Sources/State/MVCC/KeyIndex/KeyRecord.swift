/// What the index knows of one version of a key.
package struct KeyRecord: Hashable, Sendable {
    /// When this version was written.
    package var modified: Revision
    /// When the key came into being: the transaction of the first put since it was last missing.
    ///
    /// Only `main` counts; `sub` is 0, as it is in etcd for every key read back at a restart.
    package var created: Revision
    /// How many puts since `created`, counting it.
    package var version: Int64

    /// Makes a record.
    package init(modified: Revision, created: Revision, version: Int64) {
        self.modified = modified
        self.created = created
        self.version = version
    }
}

/// The far end of a key range.
package enum KeyRangeEnd {
    /// Only the key the range starts from.
    case single
    /// All keys from the start on.
    case unbounded
    /// All keys from the start on and below this key.
    case key(UnsafeRawBufferPointer)
}

/// How a visit of a range ended.
package struct VisitResult: Equatable, Sendable {
    /// Keys handed to the body.
    package var visited: Int
    /// Whether the range holds further keys at that revision.
    package var hasMore: Bool

    /// Makes a result.
    package init(visited: Int, hasMore: Bool) {
        self.visited = visited
        self.hasMore = hasMore
    }
}

/// The newest change of a key at or before some revision.
package struct KeyChange: Hashable, Sendable {
    /// When the change was made.
    package var modified: Revision
    /// Whether the change deleted the key.
    package var isTombstone: Bool

    /// Makes a change.
    package init(modified: Revision, isTombstone: Bool) {
        self.modified = modified
        self.isTombstone = isTombstone
    }
}
