/// Why a DNS lookup failed.
package enum DNSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The name does not exist, or has no record of the requested type.
    case notFound(name: String)
    /// Not a valid DNS name.
    case invalidName(String)
    /// No server responded in time, or the responses were failures.
    case noResponse(name: String, reason: String)

    package var description: String {
        switch self {
        case .notFound(let name): "lookup \(name): no such host"
        case .invalidName(let name): "lookup \(name): no such host"
        case .noResponse(let name, let reason): "lookup \(name): \(reason)"
        }
    }
}
