internal import GoText

/// The names of `--cipher-suites`, which are those of Go.
package enum CipherSuites {
    /// Checks each name.
    /// - Throws: `unexpected TLS cipher suite "FOO"` for a name that etcd does not know, and a text
    ///   of our own for one that cannot be offered here.
    package static func check(_ names: [String]) throws(TLSConfigurationError) {
        _ = try suites(names)
    }

    /// Checks that HTTP/2 can be served with these suites: etcd's rule for client listeners with
    /// gRPC and HTTP on one port, and for listeners of HTTP only.
    package static func checkHTTP2(_ names: [String]) throws(TLSConfigurationError) {
        let required = [
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        ]
        guard names.isEmpty || names.contains(where: required.contains) else {
            throw TLSConfigurationError(
                "http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 "
                    + "cipher (need at least one of \(required[0]) or \(required[1]))")
        }
    }

    /// The suites of TLS 1.2 for the names, in the order of preference of Go; those of TLS 1.3 are
    /// always on and not among them.
    static func suites(_ names: [String]) throws(TLSConfigurationError) -> [CipherSuite] {
        guard !names.isEmpty else { return CipherSuite.all.filter(\.isDefault) }
        var wanted: Set<String> = []
        var impossible: [String] = []
        for name in names {
            let canonical = aliases[name] ?? name
            if tls13.contains(name) { continue }
            if withoutImplementation.contains(name) {
                impossible.append(name)
            } else if CipherSuite.all.contains(where: { $0.name == canonical }) {
                wanted.insert(canonical)
            } else {
                throw TLSConfigurationError("unexpected TLS cipher suite \(name.goQuoted)")
            }
        }
        guard impossible.isEmpty else {
            throw TLSConfigurationError(
                "TLS cipher suites are not implemented: \(impossible.joined(separator: ", "))")
        }
        return CipherSuite.all.filter { wanted.contains($0.name) }
    }

    private static let aliases = [
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305": "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    ]

    private static let tls13: Set = [
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    ]

    /// etcd accepts these; BoringSSL has none of them.
    private static let withoutImplementation: Set = [
        "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_ECDHE_RSA_WITH_RC4_128_SHA", "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
        "TLS_RSA_WITH_RC4_128_SHA",
    ]
}

/// A cipher suite of TLS 1.2 that BoringSSL has.
struct CipherSuite: Hashable {
    /// Go's name, which is the one of IANA.
    var name: String
    /// It is on without `--cipher-suites`.
    var isDefault: Bool

    private init(_ name: String, isDefault: Bool = false) {
        self.name = name
        self.isDefault = isDefault
    }

    /// In Go's order of preference.
    static let all = [
        CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", isDefault: true),
        CipherSuite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", isDefault: true),
        CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", isDefault: true),
        CipherSuite("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", isDefault: true),
        CipherSuite("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", isDefault: true),
        CipherSuite("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", isDefault: true),
        CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", isDefault: true),
        CipherSuite("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", isDefault: true),
        CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", isDefault: true),
        CipherSuite("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", isDefault: true),
        CipherSuite("TLS_RSA_WITH_AES_128_GCM_SHA256"),
        CipherSuite("TLS_RSA_WITH_AES_256_GCM_SHA384"),
        CipherSuite("TLS_RSA_WITH_AES_128_CBC_SHA"),
        CipherSuite("TLS_RSA_WITH_AES_256_CBC_SHA"),
        CipherSuite("TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
        CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
        CipherSuite("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    ]
}
