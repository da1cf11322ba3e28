package import Raft

/// Writes that need no other vote.
///
/// With one voter an entry is committed by being durable here. Marking the write saves a
/// round trip through the Raft machine: the log stage passes the entries to the apply stage
/// directly. The rule is Raft's own, applied earlier: a later configuration cannot lose such an
/// entry, since its first quorum contains this member.
extension Replica {
    /// Whether the entries of a write may be applied as soon as it is durable.
    func isSingleVoterCommit(_ write: LogWrite) -> Bool {
        guard configuration.appliesSingleVoterCommits, write.snapshot == nil,
            let first = write.entries.first,
            first.index == nextToHandOut,
            write.entries.count <= configuration.singleVoterEntriesMax,
            commitsAsSingleVoter
        else { return false }
        let bytes = write.entries.reduce(0) { $0 + $1.data.count }
        return bytes <= configuration.singleVoterBytesMax
            && unappliedCount <= configuration.singleVoterUnappliedMax
            && write.entries.allSatisfy { $0.type == .normal && $0.term == term }
    }
}
