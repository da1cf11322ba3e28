/// State of a campaign.
enum VoteResult: Equatable {
    case pending
    case won
    case lost
}

/// Quorums. In a joint configuration, a decision needs the majorities of both halves.
extension ClusterConfiguration {
    /// Greatest value that a quorum has reached, where `value` is what each member has reached.
    ///
    /// `UInt64.max` if there is no voter.
    func quorumValue(_ value: (Member) -> UInt64) -> UInt64 {
        let incoming = majorityValue(where: \.isIncoming, value)
        guard isJoint else { return incoming }
        return min(incoming, majorityValue(where: \.isOutgoing, value))
    }

    /// Counts for each voter how many have reached its value. Quadratic, but allocates nothing, and
    /// clusters are small.
    private func majorityValue(
        where isVoter: (Member) -> Bool, _ value: (Member) -> UInt64
    ) -> UInt64 {
        var voters = 0
        var best: UInt64 = 0
        for member in members where isVoter(member) {
            voters += 1
            let reached = value(member)
            if voters > 1, reached <= best { continue }
            var atLeast = 0
            var total = 0
            for other in members where isVoter(other) {
                total += 1
                if value(other) >= reached { atLeast += 1 }
            }
            if atLeast >= total / 2 + 1 { best = max(best, reached) }
        }
        return voters == 0 ? .max : best
    }

    /// Result of a vote; `vote` is nil for a voter that has not voted yet.
    func voteResult(_ vote: (Member) -> Bool?) -> VoteResult {
        let incoming = majorityVoteResult(where: \.isIncoming, vote)
        guard isJoint else { return incoming }
        let outgoing = majorityVoteResult(where: \.isOutgoing, vote)
        if incoming == .lost || outgoing == .lost { return .lost }
        return incoming == .won && outgoing == .won ? .won : .pending
    }

    private func majorityVoteResult(
        where isVoter: (Member) -> Bool, _ vote: (Member) -> Bool?
    ) -> VoteResult {
        var total = 0
        var granted = 0
        var unknown = 0
        for member in members where isVoter(member) {
            total += 1
            switch vote(member) {
            case true?: granted += 1
            case false?: break
            case nil: unknown += 1
            }
        }
        let quorum = total / 2 + 1
        if total == 0 || granted >= quorum { return .won }
        return granted + unknown >= quorum ? .pending : .lost
    }
}
