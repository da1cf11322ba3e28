package import StatusCodes

/// An error returned to clients: a gRPC status code and a text that clients compare.
///
/// The constants are all named errors of etcd 3.7.1, with the codes that it actually sends.
package struct EtcdError: Error, Equatable, Sendable {
    package var code: StatusCode
    package var message: String

    package init(code: StatusCode, message: String) {
        self.code = code
        self.message = message
    }

    init(_ code: StatusCode, _ message: String) {
        self.init(code: code, message: message)
    }

    /// The text without `etcdserver: `, as in peer HTTP responses and watch cancel reasons.
    package var bareMessage: String {
        let prefix = "etcdserver: "
        return message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
    }

    /// The text as Go's gRPC prints an error; the cancel reason of a watch without permission.
    package var goDescription: String {
        "rpc error: code = \(code.name) desc = \(message)"
    }

    /// The errors for which etcd defines a gRPC status.
    package static let listed: [EtcdError] =
        keyValueErrors + leaseErrors + membershipErrors + authErrors + availabilityErrors
        + downgradeErrors

    /// The listed error with this text. Clients identify errors by text, since two of them are sent
    /// with another code than intended.
    package static func listed(message: String) -> EtcdError? {
        listed.first { error in error.message == message }
    }
}
