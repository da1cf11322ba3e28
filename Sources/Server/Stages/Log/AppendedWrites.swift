import Raft

/// Writes that are appended to the log and that nobody has been told of yet: what has to happen
/// before they may be told of, and whom the news is for.
struct AppendedWrites: Sendable {
    var newest: WriteNumber?
    /// Entries that are committed by being durable.
    var singleVoterEntries: [Entry] = []
    private(set) var mustSynchronize = false
    /// Whether the replica has something to do once they are durable.
    private(set) var isWaitedFor = false
    /// What was appended, with the frames of its records.
    private(set) var bytes = 0

    /// - Parameters:
    ///   - isSingleVoterCommit: whether being durable commits the entries of the write.
    ///   - appended: the bytes that it took in the log.
    mutating func add(_ write: LogWrite, isSingleVoterCommit: Bool, bytes appended: Int) {
        newest = write.number
        bytes += appended
        mustSynchronize = mustSynchronize || write.mustSynchronize
        if isSingleVoterCommit {
            singleVoterEntries.append(contentsOf: write.entries)
        } else if write.mustSynchronize || !write.messagesAfter.isEmpty {
            isWaitedFor = true
        }
    }
}
