import Identifiers
import Membership

/// Compares the leader's hash of a compaction with those of the other members.
///
/// A pure function; the caller raises alarms.
struct HashComparison: Equatable, Sendable {
    enum Verdict: Equatable, Sendable {
        /// All members have the same hash: older hashes need no check.
        case consistent
        /// Members did not respond, or for another compaction; an older hash may be comparable.
        case incomplete
        /// These members differ from the majority. Empty when there is no majority, so that the
        /// corrupt members cannot be identified.
        case corrupt([MemberID])
    }

    let verdict: Verdict
    /// Others whose hash could be compared.
    let comparedCount: Int

    /// - Parameters:
    ///   - leader: the member that compares, with its own hash.
    ///   - others: every other member; nil for one that did not respond.
    init(
        leader: MemberID, hash: UInt32, compactRevision: Revision,
        others: [(id: MemberID, response: HashResponse?)]
    ) {
        var holders: [UInt32: [MemberID]] = [hash: [leader]]
        var compared = 0
        for (id, response) in others {
            guard let response, response.compactRevision == compactRevision else { continue }
            compared += 1
            holders[response.hash, default: []].append(id)
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

/// Compares the hashes of the other members with two of the leader, taken before and after.
struct PeriodicHashComparison: Sendable {
    /// The first member whose hash is inconsistent, and why; nil if all are consistent.
    let corrupt: (member: MemberID, reason: String)?

    /// - Parameters:
    ///   - first: the leader's hash; the others are asked for its revision.
    ///   - second: the leader's hash after a linearizable read.
    init(
        leader: MemberID, first: HashResponse, second: HashResponse,
        others: [(id: MemberID, response: HashResponse?)]
    ) {
        if first.hash != second.hash, first.hashRevision == second.hashRevision,
            first.compactRevision == second.compactRevision
        {
            corrupt = (leader, "found hash mismatch")
            return
        }
        for (id, response) in others {
            guard let response else { continue }
            if response.newestRevision > second.newestRevision {
                corrupt = (id, "revision from follower must be less than or equal to leader's")
                return
            }
            if response.compactRevision > second.compactRevision {
                corrupt = (
                    id, "compact revision from follower must be less than or equal to leader's"
                )
                return
            }
            if response.compactRevision == first.compactRevision, response.hash != first.hash {
                corrupt = (id, "same compact revision then hashes must match")
                return
            }
        }
        corrupt = nil
    }
}
