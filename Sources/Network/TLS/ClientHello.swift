/// The parts of a ClientHello that etcd logs, parsed from the first bytes of a connection.
package struct ClientHello: Sendable, Hashable {
    /// The name of the server name indication; empty without one.
    package var serverName: String
    /// The versions that the client offers, in its order: 0x0304 is TLS 1.3.
    package var versions: [UInt16]
    package var cipherSuites: [UInt16]
    package var applicationProtocols: [String]

    package init(
        serverName: String = "", versions: [UInt16] = [], cipherSuites: [UInt16] = [],
        applicationProtocols: [String] = []
    ) {
        self.serverName = serverName
        self.versions = versions
        self.cipherSuites = cipherSuites
        self.applicationProtocols = applicationProtocols
    }

    /// Parses the records that hold a ClientHello, which may be followed by other bytes.
    /// - Returns: nil when it is not, or not yet, a complete ClientHello.
    package static func parse(_ bytes: UnsafeRawBufferPointer) -> ClientHello? {
        nil
    }
}
