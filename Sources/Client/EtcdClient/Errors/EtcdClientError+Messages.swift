internal import EtcdAPI
internal import StatusCodes

extension EtcdClientError.Reason {
    /// The reason of an error response, from its text, or from its status code for an unknown text.
    init(code: EtcdClientError.Code, message: String) {
        self = Self.byMessage[message] ?? Self.byCode(code, message)
    }

    private static func byCode(_ code: EtcdClientError.Code, _ message: String) -> Self {
        switch code {
        case .canceled: .cancelled
        case .deadlineExceeded: .deadlineExceeded
        case .unavailable: .unavailable
        case .invalidArgument: .invalidArgument
        case .permissionDenied: .permissionDenied
        case .unauthenticated: .invalidToken
        case .unimplemented: .unimplemented
        case .resourceExhausted where message.hasPrefix("grpc: received message larger"):
            .requestTooLarge
        default: .other
        }
    }

    private static let byMessage: [String: Self] = Dictionary(
        uniqueKeysWithValues: table.map { ($0.0.message, $0.1) })

    private static let table: [(EtcdError, Self)] =
        keyValueErrors + leaseAndAuthErrors + membershipErrors + availabilityErrors

    private static let keyValueErrors: [(EtcdError, Self)] = [
        (.compacted, .compacted(at: nil)), (.futureRevision, .futureRevision),
        (.emptyKey, .emptyKey), (.keyNotFound, .keyNotFound), (.duplicateKey, .duplicateKey),
        (.tooManyOperations, .tooManyOperations), (.requestTooLarge, .requestTooLarge),
        (.noSpace, .noSpace),
    ]

    private static let leaseAndAuthErrors: [(EtcdError, Self)] = [
        (.leaseNotFound, .leaseNotFound), (.leaseExists, .leaseExists),
        (.leaseTTLTooLarge, .leaseTTLTooLarge), (.permissionDenied, .permissionDenied),
        (.authFailed, .authenticationFailed),
        (.passwordForNoPasswordUser, .authenticationFailed), (.userEmpty, .userRequired),
        (.authNotEnabled, .authNotEnabled), (.invalidAuthToken, .invalidToken),
        (.authOldRevision, .tokenOutdated), (.userNotFound, .userNotFound),
        (.userAlreadyExists, .userExists), (.roleNotFound, .roleNotFound),
        (.roleAlreadyExists, .roleExists), (.roleNotGranted, .roleNotGranted),
        (.permissionNotGranted, .permissionNotGranted), (.rootUserNotExist, .rootMissing),
        (.rootRoleNotExist, .rootMissing), (.invalidAuthManagement, .invalidAuthManagement),
    ]

    private static let membershipErrors: [(EtcdError, Self)] = [
        (.memberNotFound, .memberNotFound), (.memberExists, .memberExists),
        (.peerURLExists, .peerURLExists), (.learnerNotReady, .learnerNotReady),
        (.memberNotLearner, .memberNotLearner), (.tooManyLearners, .tooManyLearners),
        (.memberNotEnoughStarted, .notEnoughMembers), (.unhealthy, .notEnoughMembers),
        (.notSupportedForLearner, .learner),
    ]

    private static let availabilityErrors: [(EtcdError, Self)] = [
        (.noLeader, .noLeader), (.leaderChanged, .leaderChanged), (.timeout, .serverTimeout),
        (.timeoutDueToLeaderFailure, .serverTimeout),
        (.timeoutDueToConnectionLost, .serverTimeout),
        (.timeoutWaitingForAppliedIndex, .serverTimeout),
        (.tooManyRequests, .tooManyRequests), (.corrupt, .corrupt),
    ]
}

extension EtcdClientError {
    /// The error that a watch was cancelled with: a bare text, or one as Go prints gRPC errors.
    init(cancelReason text: String) {
        let prefix = "rpc error: code = "
        guard text.hasPrefix(prefix), let separator = text.firstRange(of: " desc = ") else {
            let code = EtcdError.listed(message: text).map { Code($0.code) }
            self.init(code: code ?? .canceled, message: text)
            return
        }
        let name = text[prefix.endIndex..<separator.lowerBound]
        let code = StatusCode.allCases.first { $0.name == name }
        self.init(
            code: code.map { Code($0) } ?? .unknown,
            message: String(text[separator.upperBound...]))
    }
}
