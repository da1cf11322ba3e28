import Identifiers
import NIOCore
import Raft
import TLS
import TestSupport
import Testing

@testable import PeerTransport

/// Transports that dial and accept with TLS, on real sockets and with real certificates.
@Suite("Encrypted connections between members")
struct EncryptedPeerTests {
    private static func endpoints(
        _ certificates: MemberCertificates, count: Int
    ) throws -> [TLSEndpointConfiguration] {
        try (1...count).map { try certificates.endpoint("m\($0)") }
    }

    private static func connected(_ members: [TestMember]) async throws {
        for member in members {
            let delegate = member.delegate
            let streams = 4 * (members.count - 1)
            #expect(
                try await eventually {
                    delegate.read { record in
                        record.events.count { event in
                            if case .streamEstablished = event { true } else { false }
                        }
                    } >= streams
                })
        }
    }

    private static func stop(_ members: [TestMember]) async throws {
        for member in members { try await member.stop() }
    }

    @Test func threeMembersExchangeMessagesAndASnapshot() async throws {
        let certificates = try MemberCertificates()
        let members = try await TestMember.cluster(
            of: 3, endpoints: Self.endpoints(certificates, count: 3))
        try await Self.connected(members)
        for index in 0..<200 as Range<UInt64> {
            let entry = Entry(
                term: Term(3), index: LogIndex(index + 1),
                data: [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 1000))
            members[0].transport.send([
                Raft.Message(
                    type: .append, to: MemberID(2), from: MemberID(1), term: Term(3),
                    logTerm: Term(3), index: LogIndex(index), entries: [entry]),
                Raft.Message(type: .heartbeat, to: MemberID(3), from: MemberID(1), term: Term(3)),
            ])
        }
        let (second, third) = (members[1].delegate, members[2].delegate)
        #expect(try await eventually { second.read { $0.messages.count } == 200 })
        #expect(try await eventually { third.read { $0.messages.count } == 200 })
        let source = TestSource(sizeBytes: 10 << 20)
        members[0].transport.sendSnapshot(
            Raft.Message(
                type: .snapshot, to: MemberID(2), from: MemberID(1), term: Term(3),
                snapshot: Snapshot(
                    index: LogIndex(300), term: Term(3),
                    confState: ConfState(voters: [MemberID(1)]), data: [])), database: source)
        let sender = members[0].delegate
        #expect(try await eventually { !sender.read { $0.snapshotReports.isEmpty } })
        #expect(sender.read { $0.snapshotReports.map(\.isDelivered) } == [true])
        let destination = try #require(second.read { $0.destinations.first })
        #expect(await source.matches(destination.content.withLock { $0 }))
        #expect(members.allSatisfy { $0.refusals.withLock { $0.isEmpty } })
        try await Self.stop(members)
    }

    @Test func requestsAndResponsesAreEncrypted() async throws {
        let certificates = try MemberCertificates()
        let endpoint = try certificates.endpoint("m1")
        let member = try await TestMember(1, endpoint: endpoint)
        let client = try TLSClient(endpoint, applicationProtocols: [])
        let echo = try await PeerClient.request(
            method: "POST", url: member.url, path: "/echo?a=b", body: Array("hello".utf8),
            timeout: .seconds(10), group: member.group, dialing: PeerDialing(tls: client))
        #expect(echo.status == 200 && String(decoding: echo.body, as: UTF8.self) == "POST a=b 5")
        try await member.stop()
    }

    /// The reason of a failed request to a member, as a joining member logs it.
    private static func failure(
        to member: TestMember, with endpoint: TLSEndpointConfiguration, host: String = "127.0.0.1"
    ) async throws -> String {
        let client = try TLSClient(endpoint, applicationProtocols: [])
        let url = "https://\(host):\(member.port)"
        do {
            _ = try await PeerClient.request(
                url: url, path: "/members", timeout: .seconds(10), group: member.group,
                dialing: PeerDialing(tls: client))
            return ""
        } catch {
            return "\(error)".replacing("Get \"\(url)/members\": ", with: "")
        }
    }

    @Test func failedHandshakesHaveGoTexts() async throws {
        let certificates = try MemberCertificates()
        let other = try MemberCertificates(authorityName: "other ca")
        let good = try certificates.endpoint("m1")
        let member = try await TestMember(1, endpoint: good)
        let unknown =
            "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        // It trusts another authority.
        var untrusting = good
        untrusting.trustedCAFile = other.files.path("ca.crt")
        let untrusted = try await Self.failure(to: member, with: untrusting)
        #expect(untrusted == unknown)
        // It shows no certificate, or one of another authority; the refusal may be a reset.
        var anonymous = TLSEndpointConfiguration()
        anonymous.trustedCAFile = certificates.files.path("ca.crt")
        let required = try await Self.failure(to: member, with: anonymous)
        #expect(
            required == "remote error: tls: certificate required" || Self.isReset(required),
            "\(required)")
        var stranger = try other.endpoint("stranger")
        stranger.trustedCAFile = certificates.files.path("ca.crt")
        let refused = try await Self.failure(to: member, with: stranger)
        #expect(
            // The alert is that of BoringSSL for whatever its callback refuses.
            refused == "remote error: tls: bad certificate" || Self.isReset(refused),
            "\(refused)")
        #expect(
            try await eventually {
                member.refusals.withLock { $0 }.contains("tls: client didn't provide a certificate")
            })
        try await member.stop()
    }

    private static func isReset(_ text: String) -> Bool {
        text.hasSuffix("connection reset by peer") || text.hasSuffix("broken pipe")
    }

    @Test func plaintextListenerIsNoTLSServer() async throws {
        let certificates = try MemberCertificates()
        let member = try await TestMember(1)
        let failure = try await Self.failure(to: member, with: certificates.endpoint("m2"))
        #expect(failure == "tls: first record does not look like a TLS handshake")
        try await member.stop()
    }

    @Test func silentServerTimesOut() async throws {
        let certificates = try MemberCertificates()
        let member = try await TestMember(1)
        let server = try await CannedServer(response: "", group: member.group)
        let client = try TLSClient(certificates.endpoint("m2"), applicationProtocols: [])
        await #expect {
            _ = try await PeerClient.request(
                url: "https://127.0.0.1:\(server.port)", path: "/version",
                timeout: .milliseconds(300), group: member.group, dialing: PeerDialing(tls: client))
        } throws: {
            "\($0)".hasSuffix(
                "context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
        }
        await server.stop()
        try await member.stop()
    }

    /// A member whose certificate is refused can be reached, but cannot open streams.
    @Test func refusedMemberStillReceivesPosts() async throws {
        let certificates = try MemberCertificates()
        let serverOnly = CertificateTemplate(
            commonName: "m2", dnsNames: ["localhost"], addresses: [[127, 0, 0, 1]],
            usages: [.server])
        let members = try await TestMember.cluster(
            of: 2,
            endpoints: [
                certificates.endpoint("m1"),
                certificates.endpoint("m2", certificates.authority.issue(serverOnly)),
            ])
        let second = members[1].delegate
        members[0].transport.send([
            Raft.Message(type: .heartbeat, to: MemberID(2), from: MemberID(1), term: Term(3))
        ])
        #expect(try await eventually { second.read { !$0.messages.isEmpty } })
        #expect(
            try await eventually {
                second.read { record in
                    record.events.contains { event in
                        if case .dialFailed(_, _, let reason) = event {
                            reason == "remote error: tls: bad certificate"
                        } else {
                            false
                        }
                    }
                }
            })
        #expect(
            try await eventually {
                members[0].refusals.withLock { $0 }.contains(
                    "tls: failed to verify certificate: x509: certificate specifies an "
                        + "incompatible key usage")
            })
        #expect(second.read { $0.unreachable.isEmpty })
        try await Self.stop(members)
    }

    /// A post that fails in its handshake is reported, so that Raft repeats it.
    @Test func membersOfOtherAuthoritiesAreUnreachable() async throws {
        let certificates = try MemberCertificates()
        let other = try MemberCertificates(authorityName: "other ca")
        let members = try await TestMember.cluster(
            of: 2, endpoints: [certificates.endpoint("m1"), other.endpoint("m2")])
        members[0].transport.send([
            Raft.Message(type: .heartbeat, to: MemberID(2), from: MemberID(1), term: Term(3))
        ])
        let (first, second) = (members[0].delegate, members[1].delegate)
        #expect(try await eventually { first.read { $0.unreachable == [MemberID(2)] } })
        #expect(
            try await eventually {
                first.read { record in
                    record.events.contains { event in
                        if case .dialFailed(_, _, let reason) = event {
                            reason == "tls: failed to verify certificate: x509: certificate "
                                + "signed by unknown authority"
                        } else {
                            false
                        }
                    }
                }
            })
        #expect(
            try await eventually {
                members[1].refusals.withLock { $0 }.contains("remote error: tls: bad certificate")
            })
        #expect(second.read { $0.messages.isEmpty })
        try await Self.stop(members)
    }

    @Test func streamEndsMostUnfinishedHandshakes() async throws {
        let certificates = try MemberCertificates()
        let endpoints = try Self.endpoints(certificates, count: 2)
        let member = try await TestMember(1, endpoint: endpoints[0]) {
            $0.retryInterval = .seconds(60)
        }
        var strangers: [RawConnection] = []
        for _ in 0..<60 {
            strangers.append(
                try await RawConnection(port: member.port, group: member.group, sending: ""))
        }
        #expect(try await eventually { member.unfinished.count == 60 })
        member.transport.addPeer(MemberID(2), urls: [])
        let other = try await TestMember(2, endpoint: endpoints[1])
        other.transport.addPeer(MemberID(1), urls: [member.url])
        let open = strangers
        #expect(
            try await eventually {
                open.count { !$0.isEnded } == PeerLoops.unfinishedHandshakesMax
            })
        #expect(try await eventually { other.transport.activeSince(MemberID(1)) != nil })
        for stranger in strangers { await stranger.close() }
        try await Self.stop([other, member])
    }

    /// Handshakes of strangers all take place on other loops than the streams.
    @Test func floodOfHandshakesReachesNoStream() async throws {
        let certificates = try MemberCertificates()
        let members = try await TestMember.cluster(
            of: 2, endpoints: Self.endpoints(certificates, count: 2))
        try await Self.connected(members)
        let handled = members[0].loops.handshakeLoop
        var anonymous = TLSEndpointConfiguration()
        anonymous.trustedCAFile = certificates.files.path("ca.crt")
        let flood = anonymous
        let target = members[0]
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask { _ = try? await Self.failure(to: target, with: flood) }
            }
        }
        // A client may see the alert before the refusal is reported.
        #expect(try await eventually { target.refusals.withLock { $0.count } >= 100 })
        // They have not moved it, nor are its streams on it.
        #expect(members[0].loops.handshakeLoop === handled)
        #expect(!members[0].loops.isForStreams(handled))
        let before = members[1].delegate.read { $0.messages.count }
        members[0].transport.send([
            Raft.Message(type: .heartbeat, to: MemberID(2), from: MemberID(1), term: Term(3))
        ])
        let delegate = members[1].delegate
        #expect(try await eventually { delegate.read { $0.messages.count } > before })
        let lost = members[0].delegate.read { record in
            record.events.contains { if case .streamLost = $0 { true } else { false } }
        }
        #expect(!lost)
        try await Self.stop(members)
    }
}
