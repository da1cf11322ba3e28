/// The names of `--cipher-suites`, which are those of Go.
package enum CipherSuites {
    /// Checks each name.
    /// - Throws: `unexpected TLS cipher suite "FOO"` for a name that etcd does not know, and a text
    ///   of our own for one that this build cannot offer.
    package static func check(_ names: [String]) throws(TLSConfigurationError) {
    }

    /// Checks that HTTP/2 can be served with these suites: etcd's rule for client listeners with
    /// gRPC and HTTP on one port, and for listeners of HTTP only.
    package static func checkHTTP2(_ names: [String]) throws(TLSConfigurationError) {
    }
}
