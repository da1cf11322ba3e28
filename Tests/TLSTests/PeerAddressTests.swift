import ConnectionIdentity
import NIOPosix
import Testing

@testable import TLS

/// The names in a peer's certificate against the address that it connects from.
@Suite("peer addresses")
struct PeerAddressTests {
    /// Names and addresses of this test.
    private struct Names: NameLookup {
        var reverse: [String: [String]] = [:]
        var forward: [String: [String]] = [:]

        func names(of address: String) -> Result<[String], LookupError> {
            reverse[address].map { .success($0) }
                ?? .failure(LookupError(text: "lookup \(address): no such host"))
        }

        func addresses(of name: String) -> Result<[String], LookupError> {
            forward[name].map { .success($0) }
                ?? .failure(LookupError(text: "lookup \(name): no such host"))
        }
    }

    private static let address = "10.66.0.3"

    private func refusal(
        _ dnsNames: [String], addresses: [String] = [], _ names: Names
    ) -> String? {
        let certificate = CertificateIdentity(
            commonName: "m3", dnsNames: dnsNames, ipAddresses: addresses)
        switch PeerAddressCheck.decision(certificate, Self.address) {
        case .accepted: return nil
        case .refused(let text): return text
        case .needsLookup: return PeerAddressCheck.refusal(certificate, Self.address, names)
        }
    }

    @Test func addressesOfTheCertificate() {
        #expect(refusal([], Names()) == nil)
        #expect(refusal([], addresses: ["10.9.9.9", Self.address], Names()) == nil)
        #expect(
            refusal([], addresses: ["10.9.9.9", "10.9.9.8"], Names())
                == "x509: certificate is valid for 10.9.9.9, 10.9.9.8, not 10.66.0.3")
        #expect(
            PeerAddressCheck.decision(
                .init(commonName: "", ipAddresses: ["fe80::1"]), "fe80:0:0::1") == .accepted)
    }

    @Test func namesInBothDirections() {
        let reverse = Names(reverse: [Self.address: ["a.example.com.", "m3.example.com."]])
        #expect(refusal(["m3.example.com"], reverse) == nil)
        #expect(refusal(["m3.example.com"], addresses: ["10.9.9.9"], reverse) == nil)
        let forward = Names(forward: ["m3.example.com": ["10.0.0.1", Self.address]])
        #expect(refusal(["other.example.com", "m3.example.com"], forward) == nil)
        // The letter case counts in the reverse direction only.
        #expect(refusal(["M3.example.com"], reverse) != nil)
    }

    @Test func namesOfOthers() {
        let names = Names(
            reverse: [Self.address: ["m2.example.com"]],
            forward: ["m3.example.com": ["10.66.0.4"]])
        #expect(
            refusal(["m3.example.com"], names)
                == "tls: \"10.66.0.3\" does not match any of DNSNames [\"m3.example.com\"]")
        #expect(
            refusal(["m3.example.com", "b"], Names())
                == "tls: \"10.66.0.3\" does not match any of DNSNames [\"m3.example.com\" \"b\"] "
                + "(lookup b: no such host)")
    }

    @Test func wildcards() {
        for name in ["m3.example.com", "a.b.example.com"] {
            let names = Names(reverse: [Self.address: [name]])
            #expect(refusal(["*.example.com"], names) == nil)
            #expect(refusal(["*.com"], names) == nil)
            #expect(refusal(["*.example.org"], names) != nil)
        }
        // A wildcard is never looked up.
        let forward = Names(
            reverse: [Self.address: []], forward: ["*.example.com": [Self.address]])
        #expect(
            refusal(["*.example.com"], forward)
                == "tls: \"10.66.0.3\" does not match any of DNSNames [\"*.example.com\"]")
    }

    @Test func theResolverOfTheSystem() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let local = CertificateIdentity(commonName: "", dnsNames: ["localhost"])
        try await PeerAddressCheck.check(local, remoteAddress: "127.0.0.1", on: loop).get()
        let other = CertificateIdentity(commonName: "", ipAddresses: ["10.9.9.9"])
        await #expect(
            throws: TLSRefusal(
                "x509: certificate is valid for 10.9.9.9, not 127.0.0.1", certificate: other)
        ) {
            try await PeerAddressCheck.check(other, remoteAddress: "127.0.0.1", on: loop).get()
        }
        #expect(try SystemNames().names(of: "127.0.0.1").get().isEmpty == false)
        #expect(try SystemNames().addresses(of: "localhost").get().isEmpty == false)
    }
}
