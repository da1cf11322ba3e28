internal import MonotonicClock

/// The attempts of one unary call: what is repeated, and where.
struct CallAttempts {
    let method: Method
    let deadline: CallDeadline
    /// The slot of the current attempt; nil before it has a connection.
    var slot: Int?
    /// Whether the current attempt has a token.
    var hasToken = false
    /// Whether there are other endpoints.
    var hasAlternatives = false
    /// The slot of the last attempt, if it should not be taken again.
    private(set) var avoided: Int?
    private let policy: EtcdClient.RetryPolicy
    private var repetitions = 0
    private var tokens = 0

    /// Tokens that one call tries.
    private static let tokensMax = 2
    /// Attempts are not shortened below this.
    private static let attemptTimeoutMin = TimeSpan.milliseconds(500)

    init(_ method: Method, _ deadline: CallDeadline, _ policy: EtcdClient.RetryPolicy) {
        self.method = method
        self.deadline = deadline
        self.policy = policy
    }

    /// The timeout of this attempt: half of what remains if another endpoint can be tried after it.
    func timeout(hasAlternatives: Bool) -> TimeSpan {
        let remaining = deadline.remaining
        guard hasAlternatives, isRepeatable, repetitions < policy.retriesMax else {
            return remaining
        }
        return min(remaining, max(remaining / 2, Self.attemptTimeoutMin))
    }

    private var isRepeatable: Bool { method.isRepeatable && policy.repeatsReads }

    /// Pauses before the next attempt; throws the error if no attempt is left.
    mutating func prepareRepetition(
        after error: EtcdClientError, refreshesToken: Bool
    ) async throws(EtcdClientError) {
        if error.isOfToken, refreshesToken, tokens < Self.tokensMax {
            tokens += 1
            return
        }
        guard allows(error), repetitions < policy.retriesMax else { throw error }
        avoided = slot
        let pause = policy.pause(before: repetitions)
        repetitions += 1
        do throws(EtcdClientError) {
            try await deadline.pause(pause)
        } catch let interruption {
            throw interruption.reason == .cancelled ? interruption : error
        }
    }

    private func allows(_ error: EtcdClientError) -> Bool {
        // Without a slot the wait for a connection has failed, which ends with the deadline.
        guard slot != nil else { return false }
        switch error.reason {
        // Without a token the user is that of the certificate. The change of users overtook the
        // call, which was not executed.
        case .tokenOutdated: return !hasToken
        case .noLeader: return method.requiresLeader || isRepeatable
        case .unavailable where error.isCertainlyNotExecuted: return true
        // A learner executes nothing that it refuses; another endpoint may be that of a voter.
        case .learner: return hasAlternatives
        case .unavailable, .serverTimeout, .leaderChanged, .deadlineExceeded: return isRepeatable
        default: return false
        }
    }
}
