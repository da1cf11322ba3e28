import GRPC

/// On whose behalf a call is made: the token that the client sends. What one identity may see is
/// never served to another one.
struct CallerIdentity: Hashable, Sendable {
    /// nil: the call has none.
    let token: String?
    /// Whether a member without a leader is asked to refuse the call.
    let requiresLeader: Bool

    init(_ call: GRPCServerCall) {
        token = call.metadata.first("token")
        requiresLeader = call.metadata.first("hasleader") == "true"
    }

    init(token: String?, requiresLeader: Bool = false) {
        self.token = token
        self.requiresLeader = requiresLeader
    }

    /// The metadata that a proxy reads and passes on.
    static let metadataNames = ["token", "hasleader"]

    /// The metadata of a call to a member.
    var metadata: [(String, String)] {
        var fields: [(String, String)] = []
        if requiresLeader { fields.append(("hasleader", "true")) }
        if let token { fields.append(("token", token)) }
        return fields
    }
}
