import TestSupport
import Testing
import X509

@testable import TLS

/// Each rule of the verification of chains, by a chain that violates only this one.
@Suite("chains")
struct ChainTests {
    private let root: Issued
    private let leaf: Issued

    init() throws {
        root = try Issued.selfSigned()
        leaf = try root.issue(.client)
    }

    private func error(
        _ leaf: Issued, _ intermediates: [Issued] = [], roots: [Issued]? = nil,
        usage: ChainVerifier.Usage = .clientAuth, now: WallClock = .now
    ) throws -> String? {
        let pool = CertificatePool(try (roots ?? [root]).map { try X509Certificate($0.der) })
        var verifier = ChainVerifier(
            pool: pool, intermediates: try intermediates.map { try X509Certificate($0.der) },
            usage: usage, now: now)
        let certificate = try X509Certificate(leaf.der)
        do throws(X509Error) {
            try verifier.verify(certificate, host: nil)
            return nil
        } catch {
            return error.description
        }
    }

    private func intermediate(
        _ name: String = "int", of issuer: Issued? = nil,
        _ edit: (inout CertificateTemplate) -> Void = { _ in }
    ) throws -> Issued {
        var template = CertificateTemplate(commonName: name, usages: nil, isAuthority: true)
        edit(&template)
        return try (issuer ?? root).issue(template)
    }

    private static let unknown = "x509: certificate signed by unknown authority"

    @Test func authoritiesMustBeAuthorities() throws {
        let notAuthority = try intermediate { $0.isAuthority = false }
        #expect(
            try error(notAuthority.issue(.client), [notAuthority])
                == Self.unknown + " (possibly because of \"x509: invalid signature: parent "
                + "certificate cannot sign this kind of certificate\" while trying to verify "
                + "candidate authority certificate \"int\")")
        let noSigning = try intermediate { $0.keyUsage = KeyUsage(digitalSignature: true) }
        #expect(
            try error(noSigning.issue(.client), [noSigning])
                == Self.unknown + " (possibly because of \"x509: invalid signature: parent "
                + "certificate cannot sign this kind of certificate\" while trying to verify "
                + "candidate authority certificate \"int\")")
        // A trusted certificate that is no authority trusts nothing but itself.
        let trusted = try Issued.selfSigned(.server)
        #expect(try error(trusted.issue(.client), roots: [trusted]) != nil)
    }

    @Test func validityOfEach() throws {
        let expired = try intermediate { $0.validity = -7200 ... -3600 }
        #expect(
            try error(expired.issue(.client), [expired])?.hasPrefix(
                "x509: certificate has expired or is not yet valid") == true)
        var template = CertificateTemplate.authority
        template.validity = -7200 ... -3600
        let root = try Issued.selfSigned(template)
        #expect(
            try error(root.issue(.client), roots: [root])?.hasPrefix(
                "x509: certificate has expired or is not yet valid") == true)
    }

    @Test func pathLength() throws {
        var template = CertificateTemplate.authority
        template.pathLengthMax = 0
        let root = try Issued.selfSigned(template)
        #expect(try error(root.issue(.client), roots: [root]) == nil)
        let first = try intermediate("first", of: root)
        #expect(
            try error(first.issue(.client), [first], roots: [root])
                == "x509: too many intermediates for path length constraint")
        template.pathLengthMax = 1
        let wider = try Issued.selfSigned(template)
        let second = try intermediate("first", of: wider)
        #expect(try error(second.issue(.client), [second], roots: [wider]) == nil)
    }

    @Test func usagesAreNested() throws {
        let servers = try intermediate { $0.usages = [.server] }
        let text = "x509: certificate specifies an incompatible key usage"
        #expect(try error(servers.issue(.client), [servers]) == text)
        #expect(try error(servers.issue(.server), [servers], usage: .serverAuth) == nil)
        #expect(try error(servers.issue(.server), [servers], usage: .clientAuth) == text)
        var template = CertificateTemplate.authority
        template.usages = [.server]
        let root = try Issued.selfSigned(template)
        #expect(try error(root.issue(.client), roots: [root]) == text)
    }

    @Test func nameConstraints() throws {
        let constrained = try intermediate { $0.permittedDNSDomains = ["example.com"] }
        func leaf(_ name: String) throws -> Issued {
            try constrained.issue(
                .init(commonName: "x", dnsNames: [name], usages: [.client]))
        }
        #expect(try error(leaf("a.example.com"), [constrained]) == nil)
        #expect(try error(leaf("example.com"), [constrained]) == nil)
        #expect(
            try error(leaf("a.example.org"), [constrained])
                == "x509: a root or intermediate certificate is not authorized to sign for this "
                + "name: DNS name \"a.example.org\" is not permitted by any constraint")
        #expect(try error(leaf("badexample.com"), [constrained]) != nil)
        // Constraints of a kind of which there is no name.
        #expect(try error(constrained.issue(.client), [constrained]) == nil)
    }

    @Test func criticalExtensions() throws {
        var template = CertificateTemplate.client
        template.unknownCriticalExtension = true
        #expect(try error(root.issue(template)) == "x509: unhandled critical extension")
        let unknown = try intermediate { $0.unknownCriticalExtension = true }
        #expect(
            try error(unknown.issue(.client), [unknown]) == "x509: unhandled critical extension")
    }

    @Test func crossSignedAuthorities() throws {
        // Two authorities have signed each other; only one of them is trusted.
        let other = try Issued.selfSigned(.init(commonName: "other", isAuthority: true))
        let otherByRoot = try root.issue(
            .init(commonName: "other", usages: nil, isAuthority: true), key: other.key)
        let rootByOther = try other.issue(.authority, key: root.key)
        let leaf = try other.issue(.client)
        #expect(try error(leaf, [rootByOther, otherByRoot]) == nil)
        #expect(try error(leaf, [rootByOther, otherByRoot], roots: [other]) == nil)
        #expect(try error(leaf, [rootByOther, otherByRoot], roots: []) == Self.unknown)
    }

    @Test func theWorkIsBounded() throws {
        // Many authorities of one name, of which each could be the one that has signed.
        let impostors = try (0..<30).map { _ in try Issued.selfSigned() }
        #expect(
            try error(leaf, roots: impostors)
                == "x509: signature check attempts limit reached while verifying certificate "
                + "chain")
        // Each authority has signed each other one.
        let keys = try (0..<8).map { _ in try Issued.selfSigned() }
        let mesh = try keys.flatMap { issuer in
            try keys.map { try issuer.issue(.authority, key: $0.key) }
        }
        #expect(try error(keys[0].issue(.client), mesh, roots: []) != nil)
    }

    @Test func theTimeIsTheOneGiven() throws {
        let far = WallClock(seconds: WallClock.now.seconds + 10_000, nanoseconds: 0)
        #expect(try error(leaf) == nil)
        #expect(try error(leaf, now: far)?.contains("is after") == true)
        let leaf = try X509Certificate(leaf.der)
        #expect(throws: Never.self) {
            try ChainVerifier.checkTime(leaf, .init(seconds: leaf.notAfter, nanoseconds: 0))
        }
        #expect(throws: X509Error.self) {
            try ChainVerifier.checkTime(leaf, .init(seconds: leaf.notAfter, nanoseconds: 1))
        }
        #expect(throws: Never.self) {
            try ChainVerifier.checkTime(leaf, .init(seconds: leaf.notBefore, nanoseconds: 0))
        }
    }

    @Test func verifiedChainsAreKept() throws {
        let store = TrustStore(
            CertificatePool([try X509Certificate(root.der)]), usage: .clientAuth)
        let presented = [try leaf.der]
        let now = WallClock.now
        let first = try store.verify(presented, host: nil, now: now)
        let second = try store.verify(presented, host: nil, now: now)
        #expect(first.leaf === second.leaf)
        #expect(try store.resume(leaf: presented[0], now: now).leaf === first.leaf)
        // Not longer than the chain is valid.
        let late = WallClock(seconds: first.validUntil + 1, nanoseconds: 0)
        #expect(throws: X509Error.self) {
            try store.verify(presented, host: nil, now: late)
        }
        #expect(throws: X509Error.self) { try store.resume(leaf: presented[0], now: late) }
        // The host is compared for known chains as well.
        #expect(throws: X509Error.self) {
            try store.verify(presented, host: "localhost", now: now)
        }
    }

    @Test func theOldestChainsLeaveTheCache() throws {
        var cache = VerificationCache()
        let leaf = try X509Certificate(leaf.der)
        let chain = VerifiedChain(leaf: leaf, serialNumbers: [], validFrom: 0, validUntil: .max)
        let keys = (0...VerificationCache.entriesMax).map {
            VerificationCache.key([[UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)]])
        }
        for key in keys { cache.insert(chain, key) }
        #expect(cache.chain(keys[0]) == nil)
        #expect(cache.chain(keys[1]) != nil)
        #expect(cache.chain(keys[keys.count - 1]) != nil)
        #expect(cache.chain(leaf: leaf.der) != nil)
    }
}
