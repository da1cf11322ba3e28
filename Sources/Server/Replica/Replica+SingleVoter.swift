package import Raft

/// Writes that need nobody's consent.
///
/// With one voter an entry is committed by being durable here. Saying so with the write spares its
/// way back through this machine: whoever has made it durable hands it on to be applied. The rule
/// is Raft's own, seen earlier: a later configuration cannot lose such an entry, since its first
/// quorum contains this member.
extension Replica {
    /// Only small writes take the short way: the machine's limit on what waits to be applied does
    /// not count them, and a busy member makes many durable at once anyway.
    private static let singleVoterEntriesMax = 64
    private static let singleVoterBytesMax = 64 << 10
    /// Entries that may wait to be applied for the short way to be taken.
    private static let unappliedMax = 256

    /// Whether the entries of a write may be applied as soon as it is durable.
    func isSingleVoterCommit(_ write: LogWrite) -> Bool {
        guard settings.appliesSingleVoterCommits, write.snapshot == nil,
            let first = write.entries.first,
            first.index == nextToHandOut, write.entries.count <= Self.singleVoterEntriesMax,
            commitsAsSingleVoter
        else { return false }
        let bytes = write.entries.reduce(0) { $0 + $1.data.count }
        return bytes <= Self.singleVoterBytesMax && unappliedCount <= Self.unappliedMax
            && write.entries.allSatisfy { $0.type == .normal && $0.term == term }
    }
}
