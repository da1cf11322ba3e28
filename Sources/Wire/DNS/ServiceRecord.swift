/// One SRV record (RFC 2782): a host and port that offer a service.
package struct ServiceRecord: Hashable, Sendable {
    /// Lower is tried first.
    package var priority: UInt16
    /// Share among those of equal priority.
    package var weight: UInt16
    package var port: UInt16
    /// The host's name, with the dot at its end that absolute names have.
    package var target: String

    package init(priority: UInt16, weight: UInt16, port: UInt16, target: String) {
        self.priority = priority
        self.weight = weight
        self.port = port
        self.target = target
    }
}

extension [ServiceRecord] {
    /// The order in which they are used: by priority, then the heaviest first. It is the same on
    /// every call, so that every member that asks finds the same list.
    package var inOrderOfUse: [ServiceRecord] {
        sorted {
            ($0.priority, $1.weight, $0.target, $0.port)
                < ($1.priority, $0.weight, $1.target, $1.port)
        }
    }
}
