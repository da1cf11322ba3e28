import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import TLS

/// Events of an endpoint.
final class Events: Sendable {
    private let events = Mutex<[TLSEvent]>([])

    func add(_ event: TLSEvent) { events.withLock { $0.append(event) } }
    var all: [TLSEvent] { events.withLock { $0 } }
}

/// Waits until the files are inspected again.
func nextCheck() async {
    try? await Task.sleep(for: .nanoseconds(EndpointFiles.checkInterval.nanoseconds + 20_000_000))
}

@Suite("changed files")
struct ReloadTests {
    private var endpoints: Endpoints
    private let events = Events()

    init() throws {
        endpoints = try Endpoints()
    }

    @Test func newCertificatesAreServed() async throws {
        let server = try TLSServer(endpoints.server) { [events] in events.add($0) }
        let client = try TLSClient(endpoints.client, applicationProtocols: ["h2"])
        #expect(try await handshake(server, client).clientError == nil)

        let other = try Issued.selfSigned(.init(commonName: "other", isAuthority: true))
        _ = try endpoints.configuration("server", other.issue(.server))
        await nextCheck()
        #expect(
            try await handshake(server, client).clientError
                == "tls: failed to verify certificate: x509: certificate signed by unknown "
                + "authority")
        #expect(
            Set(events.all.map { "\($0)" })
                == Set(
                    [endpoints.server.certificateFile, endpoints.server.keyFile].map {
                        "\(TLSEvent.reloaded(file: $0))"
                    }))

        // The client's trusted certificates are read again as well.
        try endpoints.files.write("ca.crt", other.pem)
        await nextCheck()
        #expect(try await handshake(server, client).clientError == nil)
    }

    @Test func brokenFilesLeaveTheOldOnesInUse() async throws {
        let server = try TLSServer(endpoints.server) { [events] in events.add($0) }
        let client = try TLSClient(endpoints.client, applicationProtocols: ["h2"])
        try endpoints.files.write("server.key", "garbage")
        await nextCheck()
        #expect(try await handshake(server, client).clientError == nil)
        await nextCheck()
        #expect(try await handshake(server, client).clientError == nil)
        let failure = TLSEvent.reloadFailed(
            file: endpoints.server.keyFile,
            reason: "tls: failed to find any PEM data in key input")
        #expect(events.all == [failure])

        // The certificate first, then its key: between the two they do not match.
        let issued = try endpoints.authority.issue(.server)
        try endpoints.files.write("server.crt", issued.pem)
        await nextCheck()
        #expect(try await handshake(server, client).clientError == nil)
        try endpoints.files.write("server.key", issued.keyPEM)
        await nextCheck()
        #expect(try await handshake(server, client).clientError == nil)
        #expect(events.all.last == .reloaded(file: endpoints.server.keyFile))
    }

    @Test func missingFilesLeaveTheOldOnesInUse() async throws {
        let server = try TLSServer(endpoints.server) { [events] in events.add($0) }
        let client = try TLSClient(endpoints.client, applicationProtocols: ["h2"])
        try FileRemoval.remove(endpoints.server.certificateFile)
        await nextCheck()
        #expect(try await handshake(server, client).clientError == nil)
        #expect(
            events.all == [
                .reloadFailed(
                    file: endpoints.server.certificateFile,
                    reason: "open \(endpoints.server.certificateFile): no such file or directory")
            ])
    }

    @Test func rewritingTheSameContentIsNoChange() async throws {
        let server = try TLSServer(endpoints.server) { [events] in events.add($0) }
        let client = try TLSClient(endpoints.client, applicationProtocols: ["h2"])
        let text = try FileContents.read(endpoints.server.certificateFile)
        try endpoints.files.write("server.crt", text)
        await nextCheck()
        #expect(try await handshake(server, client).clientError == nil)
        #expect(events.all.isEmpty)
    }

    @Test func clientCertificatesAreReadAgain() async throws {
        var endpoints = endpoints
        endpoints.requireClientCertificates()
        try endpoints.show(endpoints.authority.issue(.client))
        let server = try TLSServer(endpoints.server)
        let client = try TLSClient(endpoints.client, applicationProtocols: ["h2"])
        #expect(try await handshake(server, client).certificate?.commonName == "root")
        _ = try endpoints.configuration(
            "client", endpoints.authority.issue(.init(commonName: "alice", usages: [.client])))
        await nextCheck()
        #expect(try await handshake(server, client).certificate?.commonName == "alice")
    }
}
