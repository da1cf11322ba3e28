/// One SRV record (RFC 2782): host and port of a service.
package struct ServiceRecord: Hashable, Sendable {
    /// Lower values are tried first.
    package var priority: UInt16
    /// Relative weight among records of equal priority.
    package var weight: UInt16
    package var port: UInt16
    /// The host's absolute name, with a trailing dot.
    package var target: String

    package init(priority: UInt16, weight: UInt16, port: UInt16, target: String) {
        self.priority = priority
        self.weight = weight
        self.port = port
        self.target = target
    }
}

extension [ServiceRecord] {
    /// The order of use: by priority, then by descending weight. It is deterministic, so that every
    /// member gets the same list.
    package var inOrderOfUse: [ServiceRecord] {
        sorted {
            ($0.priority, $1.weight, $0.target, $0.port)
                < ($1.priority, $0.weight, $1.target, $1.port)
        }
    }
}
