import Testing

@testable import TLS

@Suite("versions and cipher suites")
struct CipherSuiteTests {
    private static let other = [
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    ]

    @Test func names() throws {
        try CipherSuites.check(CipherSuite.all.map(\.name) + Self.other)
        try CipherSuites.check([])
        for name in [
            "FOO", "", " TLS_RSA_WITH_AES_128_CBC_SHA", "tls_rsa_with_aes_128_cbc_sha",
            "ECDHE-RSA-AES128-GCM-SHA256", "TLS_FALLBACK_SCSV",
            "TLS_RSA_WITH_AES_256_CBC_SHA256",
        ] {
            #expect(throws: TLSConfigurationError("unexpected TLS cipher suite \"\(name)\"")) {
                try CipherSuites.check(["TLS_RSA_WITH_AES_128_CBC_SHA", name])
            }
        }
        #expect(
            throws: TLSConfigurationError(
                "TLS cipher suites are not implemented: TLS_RSA_WITH_RC4_128_SHA, "
                    + "TLS_RSA_WITH_AES_128_CBC_SHA256")
        ) {
            try CipherSuites.check([
                "TLS_RSA_WITH_RC4_128_SHA", "TLS_AES_128_GCM_SHA256",
                "TLS_RSA_WITH_AES_128_CBC_SHA256",
            ])
        }
    }

    @Test func theOrderIsOurs() throws {
        let names = ["TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]
        #expect(try CipherSuites.suites(names + names).map(\.name) == names.reversed())
        #expect(try CipherSuites.suites([]).count == 10)
        #expect(
            try CipherSuites.suites(["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305"]).map(\.name)
                == ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"])
    }

    @Test func http2() throws {
        try CipherSuites.checkHTTP2([])
        try CipherSuites.checkHTTP2(["x", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"])
        try CipherSuites.checkHTTP2(["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"])
        #expect(
            throws: TLSConfigurationError(
                "http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 "
                    + "cipher (need at least one of TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or "
                    + "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)")
        ) { try CipherSuites.checkHTTP2(["TLS_AES_128_GCM_SHA256"]) }
    }

    @Test func versions() throws {
        #expect(try TLSVersion.parse(flag: "") == nil)
        #expect(try TLSVersion.parse(flag: "TLS1.2") == .v12)
        #expect(try TLSVersion.parse(flag: "TLS1.3") == .v13)
        for value in ["TLS1.1", "tls1.2", "1.2", "TLS1.4", "VersionTLS12"] {
            #expect(
                throws: TLSConfigurationError(
                    "unexpected TLS version \"\(value)\" (must be one of: TLS1.2, TLS1.3)")
            ) { try TLSVersion.parse(flag: value) }
        }
        #expect(
            throws: TLSConfigurationError(
                "min version (TLS1.3) is greater than max version (TLS1.2)")
        ) { try TLSVersion.check(min: .v13, max: .v12, cipherSuites: ["x"]) }
        #expect(
            throws: TLSConfigurationError(
                "cipher suites cannot be configured when only TLS1.3 is enabled")
        ) { try TLSVersion.check(min: .v13, max: nil, cipherSuites: ["FOO"]) }
        try TLSVersion.check(min: .v12, max: .v13, cipherSuites: ["FOO"])
    }

    /// Every suite that is accepted must be known to BoringSSL by this name.
    @Test(arguments: CipherSuite.all.map(\.name))
    func eachSuiteIsImplemented(_ name: String) async throws {
        var endpoints = try Endpoints()
        endpoints.server.cipherSuites = [name]
        _ = try TLSServer(endpoints.server)
        guard name.contains("ECDHE_ECDSA") else { return }
        endpoints.client.versionMax = .v12
        endpoints.client.cipherSuites = [name]
        #expect(try await endpoints.handshake().clientError == nil)
    }

    @Test func noSuiteInCommon() async throws {
        var endpoints = try Endpoints()
        endpoints.server.versionMax = .v12
        endpoints.server.cipherSuites = ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]
        endpoints.client.versionMax = .v12
        endpoints.client.cipherSuites = ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]
        let result = try await endpoints.handshake()
        #expect(
            result.refusal
                == "tls: no cipher suite supported by both client and server; client offered: "
                + "[c02c]")
        #expect(result.clientError == "remote error: tls: handshake failure")
        // The suites of TLS 1.3 are always on.
        endpoints.server.versionMax = nil
        endpoints.client.versionMax = nil
        #expect(try await endpoints.handshake().refusal == nil)
    }

    @Test func onlyNamesOfTLS13() async throws {
        var endpoints = try Endpoints()
        endpoints.server.cipherSuites = ["TLS_AES_128_GCM_SHA256"]
        #expect(try await endpoints.handshake().refusal == nil)
        endpoints.client.versionMax = .v12
        #expect(
            try await endpoints.handshake().refusal?.hasPrefix(
                "tls: no cipher suite supported by both client and server; client offered: [")
                == true)
    }

    @Test func noVersionInCommon() async throws {
        var endpoints = try Endpoints()
        endpoints.server.versionMin = .v13
        endpoints.client.versionMax = .v12
        let result = try await endpoints.handshake()
        // A client of BoringSSL does not list its versions.
        #expect(
            result.refusal == "tls: client offered only unsupported versions: [303 302 301]")
        #expect(result.clientError == "remote error: tls: protocol version not supported")
        endpoints.server.versionMin = .v12
        endpoints.server.versionMax = .v12
        endpoints.client.versionMin = .v13
        endpoints.client.versionMax = nil
        #expect(
            try await endpoints.handshake().refusal
                == "tls: client offered only unsupported versions: [304]")
    }

    @Test func applicationProtocols() async throws {
        let endpoints = try Endpoints()
        #expect(try await endpoints.handshake(protocols: ["h2"]).client.get() == "h2")
        #expect(try await endpoints.handshake(protocols: ["x", "h2"]).client.get() == "h2")
        #expect(try await endpoints.handshake(protocols: []).client.get() == nil)
        #expect(try await endpoints.handshake(protocols: ["http/1.1"]).client.get() == nil)
    }
}
