import Identifiers

/// The watchers of one pass of `syncWatchers`, and the changes found for each.
///
/// A pass reads up to three pages of history: from the lowest revision that a watcher needs, from
/// the highest one, and from that of the watcher that has waited longest. A page serves every
/// watcher whose revision lies within it. The first page makes the pass one scan that serves all
/// watchers on its way. The second keeps watchers with little to read from waiting for the others.
/// The third makes every watcher advance, whatever new watchers do to the first two.
struct SyncPass {
    /// A watcher of the pass.
    struct Participant {
        let watcher: Watcher
        /// Its next revision when the pass began.
        let nextRevision: Revision
        /// The pass that last served it.
        let lastServedPass: UInt64
        /// The changes in the current page for it.
        var changes: [WatchedChange] = []
        /// Whether a page of this pass contained its revision, or it was removed.
        var isServed = false
    }

    /// The watcher whose revision a page begins at.
    enum Start: CaseIterable {
        case lowestRevision, highestRevision, longestWaiting
    }

    /// The watchers, in the order of selection.
    var participants: [Participant] = []

    /// Where the next page begins; nil once all watchers are served.
    func revision(of start: Start) -> Revision? {
        let waiting = participants.lazy.filter { !$0.isServed }
        return switch start {
        case .lowestRevision: waiting.map(\.nextRevision).min()
        case .highestRevision: waiting.map(\.nextRevision).max()
        case .longestWaiting:
            waiting.min { $0.lastServedPass < $1.lastServedPass }.map(\.nextRevision)
        }
    }

    /// Indices of the participants that a page beginning at a revision can serve.
    func candidates(from start: Revision) -> [Int] {
        participants.indices.filter { position in
            !participants[position].isServed && participants[position].nextRevision >= start
        }
    }
}

/// The extent of a page of history that was read and matched.
struct SyncPage {
    /// The first revision that is not in the page.
    var nextRevision: Revision
    /// The store's newest revision when its end was read.
    var storeRevision: Revision
    /// The store's compacted revision when its beginning was read.
    let compactedRevision: Revision
    private(set) var revisions = 0
    private(set) var bytes = 0

    /// A page that begins with a slice.
    init(_ slice: HistoryPage) {
        nextRevision = slice.nextRevision
        storeRevision = slice.storeRevision
        compactedRevision = slice.compactedRevision
    }

    /// Adds a slice whose events take `eventBytes` bytes.
    mutating func add(_ slice: HistoryPage, eventBytes: Int) {
        nextRevision = slice.nextRevision
        storeRevision = slice.storeRevision
        revisions += slice.transactionCount
        bytes += max(slice.sizeBytes, eventBytes)
    }

    /// Whether history continues after the page and the page may grow.
    func continues(_ configuration: WatchConfiguration) -> Bool {
        nextRevision <= storeRevision && revisions < configuration.revisionsPerPage
            && bytes < configuration.bytesPerPage
    }
}
