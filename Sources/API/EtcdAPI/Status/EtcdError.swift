/// An error as a client of etcd sees it: a gRPC status code and a text that clients compare.
///
/// The constants are every error that etcd 3.7.1 names, with the code that is really on the wire.
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

    /// The text without `etcdserver: `, as the peer HTTP endpoints and cancel reasons of watches
    /// show it.
    package var bareMessage: String {
        let prefix = "etcdserver: "
        return message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
    }

    /// The text as Go's gRPC prints an error; the cancel reason of a watch that auth refuses.
    package var goDescription: String {
        "rpc error: code = \(code.name) desc = \(message)"
    }

    /// The errors that etcd has a status of its own for.
    package static let listed: [EtcdError] =
        keyValueErrors + leaseErrors + membershipErrors + authErrors + availabilityErrors
        + downgradeErrors

    /// The listed error with this text; clients know errors by their text, since two of them are
    /// sent with another code than is meant.
    package static func listed(message: String) -> EtcdError? {
        listed.first { error in error.message == message }
    }
}
