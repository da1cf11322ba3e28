import Membership

/// What the hash that a compaction made on the leader and those of the others say together.
///
/// A pure comparison; whoever asks raises the alarms.
struct HashJudgement: Equatable, Sendable {
    enum Verdict: Equatable, Sendable {
        /// All members have the same hash: nothing older needs to be looked at.
        case consistent
        /// Members did not answer, or for another compaction; an older hash may tell.
        case incomplete
        /// These members differ from the majority. Empty when there is no majority, and any
        /// member may be the one that is wrong.
        case corrupt([MemberID])
    }

    let verdict: Verdict
    /// Others whose hash could be compared.
    let comparedCount: Int

    /// - Parameters:
    ///   - leader: who asks, with its own hash.
    ///   - others: every other member; nil for one that did not answer.
    init(
        leader: MemberID, hash: UInt32, compactRevision: Int64,
        others: [(id: MemberID, answer: HashAnswer?)]
    ) {
        var holders: [UInt32: [MemberID]] = [hash: [leader]]
        var compared = 0
        for (id, answer) in others {
            guard let answer, answer.compactRevision == compactRevision else { continue }
            compared += 1
            holders[answer.hash, default: []].append(id)
        }
        comparedCount = compared
        guard holders.count > 1 else {
            verdict = compared == others.count ? .consistent : .incomplete
            return
        }
        let quorum = (others.count + 1) / 2 + 1
        guard let majority = holders.first(where: { $0.value.count >= quorum })?.key else {
            verdict = .corrupt([])
            return
        }
        verdict = .corrupt(
            holders.filter { $0.key != majority }.flatMap(\.value).sorted())
    }
}

/// What two hashes of the leader, and those of the others between them, say together.
struct PeriodicHashJudgement: Sendable {
    /// The first member that cannot be right, and why; nil when nothing contradicts.
    let corrupt: (member: MemberID, reason: String)?

    /// - Parameters:
    ///   - first: the leader's hash, whose revision the others were asked for.
    ///   - second: the leader's hash after everything committed before was applied.
    init(
        leader: MemberID, first: HashAnswer, second: HashAnswer,
        others: [(id: MemberID, answer: HashAnswer?)]
    ) {
        if first.hash != second.hash, first.hashRevision == second.hashRevision,
            first.compactRevision == second.compactRevision
        {
            corrupt = (leader, "found hash mismatch")
            return
        }
        for (id, answer) in others {
            guard let answer else { continue }
            if answer.newestRevision > second.newestRevision {
                corrupt = (id, "revision from follower must be less than or equal to leader's")
                return
            }
            if answer.compactRevision > second.compactRevision {
                corrupt = (
                    id, "compact revision from follower must be less than or equal to leader's"
                )
                return
            }
            if answer.compactRevision == first.compactRevision, answer.hash != first.hash {
                corrupt = (id, "same compact revision then hashes must match")
                return
            }
        }
        corrupt = nil
    }
}
