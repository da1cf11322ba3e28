import Raft

/// Writes that are appended to the log and not yet reported: what has to happen before the report,
/// and which stages wait for it.
struct AppendedWrites: Sendable {
    var newest: WriteNumber?
    /// Entries that are committed by being durable.
    var singleVoterEntries: [Entry] = []
    private(set) var mustSynchronize = false
    /// Whether the replica has something to do once they are durable.
    private(set) var isAwaited = false
    /// What was appended, including the framing of its records.
    private(set) var bytes = 0

    /// - Parameters:
    ///   - isSingleVoterCommit: whether durability commits the entries of the write.
    ///   - appended: the bytes that it added to the log.
    mutating func add(_ write: LogWrite, isSingleVoterCommit: Bool, bytes appended: Int) {
        newest = write.number
        bytes += appended
        mustSynchronize = mustSynchronize || write.mustSynchronize
        if isSingleVoterCommit {
            singleVoterEntries.append(contentsOf: write.entries)
        } else if write.mustSynchronize || !write.messagesAfter.isEmpty {
            isAwaited = true
        }
    }
}
