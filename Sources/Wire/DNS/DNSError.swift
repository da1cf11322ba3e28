/// Why a name could not be looked up.
package enum DNSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The name does not exist, or has no record of the kind asked for.
    case notFound(name: String)
    /// Not a name that DNS can carry.
    case invalidName(String)
    /// No server answered in time, or those that did could not tell.
    case noAnswer(name: String, reason: String)

    package var description: String {
        switch self {
        case .notFound(let name): "lookup \(name): no such host"
        case .invalidName(let name): "lookup \(name): no such host"
        case .noAnswer(let name, let reason): "lookup \(name): \(reason)"
        }
    }
}
