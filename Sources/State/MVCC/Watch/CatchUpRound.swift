/// The watchers of one round of catching up, and what was found for each.
///
/// Up to three pages of history are read for them: from the watcher that is farthest behind, from
/// the one that is least behind, and from the one that has waited longest; a page serves everyone
/// who stands within it. The first alone would be one scan that serves all on its way; the second
/// keeps it from making those wait who have little to read; the third, whatever newcomers do to
/// the first two, brings everyone on.
struct CatchUpRound {
    /// A watcher of the round.
    struct Participant {
        let watcher: Watcher
        /// Where it stood when the round began.
        let nextRevision: Int64
        /// The round in which it was last brought on.
        let waitingSince: UInt64
        /// What the present page has for it.
        var changes: [WatchedChange] = []
        /// Whether a page of this round had its place, or it is gone.
        var isServed = false
    }

    /// Whose place a page begins at.
    enum Start: CaseIterable {
        case farthestBehind, leastBehind, longestWaiting
    }

    /// In turn.
    var participants: [Participant] = []

    /// Where the next page begins; nil once everyone is served.
    func revision(of start: Start) -> Int64? {
        let waiting = participants.lazy.filter { !$0.isServed }
        return switch start {
        case .farthestBehind: waiting.map(\.nextRevision).min()
        case .leastBehind: waiting.map(\.nextRevision).max()
        case .longestWaiting:
            waiting.min { $0.waitingSince < $1.waitingSince }.map(\.nextRevision)
        }
    }

    /// Who may get something of a page that begins at a revision.
    func candidates(from start: Int64) -> [Int] {
        participants.indices.filter { place in
            !participants[place].isServed && participants[place].nextRevision >= start
        }
    }
}

/// What a page of history told, beside the changes that the participants got.
struct CatchUpPage {
    /// The first revision that is not in the page.
    var nextRevision: Int64
    /// The store's newest revision when its end was read.
    var storeRevision: Int64
    /// The store's compacted revision when its beginning was read.
    let compactedRevision: Int64
    private(set) var revisions = 0
    private(set) var bytes = 0

    /// A page that begins with a slice.
    init(_ slice: HistoryPage) {
        nextRevision = slice.nextRevision
        storeRevision = slice.storeRevision
        compactedRevision = slice.compactedRevision
    }

    /// Takes a slice in, of which events of so many bytes were made.
    mutating func add(_ slice: HistoryPage, eventBytes: Int) {
        nextRevision = slice.nextRevision
        storeRevision = slice.storeRevision
        revisions += slice.transactionCount
        bytes += max(slice.sizeBytes, eventBytes)
    }

    /// Whether history goes on behind the page, and the page may.
    func goesOn(_ configuration: WatchConfiguration) -> Bool {
        nextRevision <= storeRevision && revisions < configuration.revisionsPerPage
            && bytes < configuration.bytesPerPage
    }
}
