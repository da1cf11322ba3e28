import EtcdAPI
import Identifiers
import NIOCore
import NIOHTTP1
import PeerTransport
import Testing

/// Responses of the peer listener, compared byte for byte.
@Suite("Requests to the peer listener")
struct RequestTests {
    /// Headers of a valid request.
    private static let valid = [
        "Host": "a", "X-Server-From": "2", "X-Server-Version": "3.5.1",
        "X-Min-Cluster-Version": "3.0.0", "X-Etcd-Cluster-ID": "c1", "X-Raft-To": "1",
    ]

    private static func request(
        _ line: String, _ changes: [String: String?] = [:], body: String? = nil
    ) -> String {
        var headers = valid
        for (name, value) in changes { headers[name] = value }
        if let body { headers["Content-Length"] = String(body.utf8.count) }
        let lines = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }
        return "\(line) HTTP/1.1\r\n\(lines.joined())\r\n\(body ?? "")"
    }

    /// An error response.
    private static func failure(_ status: String, _ text: String, headers: String) -> String {
        """
        HTTP/1.1 \(status)
        \(headers)Content-Length: \(text.utf8.count + 1)

        \(text)

        """
    }

    private static let plain = """
        Content-Type: text/plain; charset=utf-8
        X-Content-Type-Options: nosniff

        """
    private static let posted = plain + "X-Etcd-Cluster-Id: c1\n"
    private static let streamed = posted + "X-Server-Version: 3.7.1\n"

    private func check(_ request: String, respondsWith expected: String) async throws {
        let member = try await TestMember(1)
        member.transport.addPeer(MemberID(2), urls: ["http://127.0.0.1:1"])
        member.transport.setRemoved([MemberID(9)])
        let connection = try await RawConnection(
            port: member.port, group: member.group, sending: request)
        _ = try await eventually { connection.text.count >= expected.count }
        #expect(connection.text == expected)
        await connection.close()
        try await member.stop()
    }

    @Test func streamRequestsAreCheckedInOrder() async throws {
        let path = "/raft/stream/msgapp/2"
        let cases: [(String, String, String)] = [
            (
                Self.request("GET \(path)", ["X-Server-Version": nil]),
                "412 Precondition Failed", "incompatible version"
            ),
            (
                Self.request("GET \(path)", ["X-Min-Cluster-Version": "3.8.0"]),
                "412 Precondition Failed", "incompatible version"
            ),
            (
                Self.request("GET /raft/stream/nothing/x", ["X-Etcd-Cluster-ID": "c2"]),
                "412 Precondition Failed", "cluster ID mismatch"
            ),
            (
                Self.request("GET \(path)", ["X-Etcd-Cluster-ID": nil]),
                "412 Precondition Failed", "cluster ID mismatch"
            ),
            (Self.request("GET /raft/stream/nothing/2"), "404 Not Found", "invalid path"),
            (Self.request("GET /raft/stream/msgapp"), "404 Not Found", "invalid path"),
            (Self.request("GET /raft/stream/message/0x2"), "404 Not Found", "invalid from"),
            (Self.request("GET /raft/stream/message/9"), "410 Gone", "removed member"),
            (Self.request("GET /raft/stream/message/5"), "404 Not Found", "error sender not found"),
            (
                Self.request("GET \(path)", ["X-Raft-To": "7"]), "412 Precondition Failed",
                "to field mismatch"
            ),
        ]
        for (request, status, text) in cases {
            try await check(
                request, respondsWith: Self.failure(status, text, headers: Self.streamed))
        }
        try await check(
            Self.request("PUT \(path)", ["X-Server-Version": nil], body: "x"),
            respondsWith: Self.failure(
                "405 Method Not Allowed", "Method Not Allowed", headers: "Allow: GET\n" + Self.plain
            ))
    }

    @Test func postsAreCheckedInOrder() async throws {
        for path in ["/raft", "/raft/snapshot"] {
            try await check(
                Self.request("GET \(path)"),
                respondsWith: Self.failure(
                    "405 Method Not Allowed", "Method Not Allowed",
                    headers: "Allow: POST\n" + Self.plain))
            try await check(
                Self.request("POST \(path)", ["X-Server-Version": "2.3.0"], body: "x"),
                respondsWith: Self.failure(
                    "412 Precondition Failed", "incompatible version", headers: Self.posted))
            try await check(
                Self.request("POST \(path)", ["X-Etcd-Cluster-ID": "2"], body: "x"),
                respondsWith: Self.failure(
                    "412 Precondition Failed", "cluster ID mismatch", headers: Self.posted))
        }
        try await check(
            Self.request("POST /raft", body: "\u{8}"),
            respondsWith: Self.failure(
                "400 Bad Request", "error unmarshalling raft message", headers: Self.posted))
        try await check(
            Self.request("POST /raft/snapshot", body: "abc"),
            respondsWith: Self.failure(
                "400 Bad Request", "failed to decode raft message (unexpected EOF)",
                headers: Self.posted))
        try await check(
            Self.request("POST /raft/snapshot", body: ""),
            respondsWith: Self.failure(
                "400 Bad Request", "failed to decode raft message (EOF)", headers: Self.posted))
        try await check(
            Self.request("POST /raft/snapshot", body: "\u{1}zzzzzzz"),
            respondsWith: Self.failure(
                "400 Bad Request", "failed to decode raft message (rafthttp: error limit exceeded)",
                headers: Self.posted))
        try await check(
            Self.request(
                "POST /raft/snapshot", body: "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{2}\u{8}\u{8}"),
            respondsWith: Self.failure(
                "400 Bad Request", "wrong raft message type", headers: Self.posted))
    }

    @Test func postedMessageIsAccepted() async throws {
        // A heartbeat from 2 to 1.
        let body = "\u{8}\u{8}\u{10}\u{1}\u{18}\u{2}\u{20}\u{3}"
        let accepted = "HTTP/1.1 204 No Content\nX-Etcd-Cluster-Id: c1\n\n"
        try await check(
            Self.request("POST /raft", body: body) + Self.request("POST /raft", body: body),
            respondsWith: accepted + accepted)
    }

    @Test func messageForAnotherMemberClosesTheConnection() async throws {
        let member = try await TestMember(1)
        let body = "\u{8}\u{8}\u{10}\u{7}\u{18}\u{2}"
        let connection = try await RawConnection(
            port: member.port, group: member.group,
            sending: Self.request("POST /raft", body: body))
        #expect(try await eventually { connection.isEnded })
        let expected =
            "HTTP/1.1 500 Internal Server Error\n" + Self.posted
            + "transfer-encoding: chunked\n\n1e\nerror processing raft message\n\n"
        #expect(connection.text.lowercased() == expected.lowercased())
        #expect(member.delegate.read { $0.messages.isEmpty })
        try await member.stop()
    }

    @Test func streamSendsItsHeadAtOnceAndThenHeartbeats() async throws {
        for (kind, beat) in [("msgapp", [0]), ("message", [0, 0, 0, 0, 0, 0, 0, 2, 8, 8])]
            as [(String, [UInt8])]
        {
            let member = try await TestMember(1) { $0.readTimeout = .milliseconds(1200) }
            member.transport.addPeer(MemberID(2), urls: ["http://127.0.0.1:1"])
            let connection = try await RawConnection(
                port: member.port, group: member.group,
                sending: Self.request("GET /raft/stream/\(kind)/2"))
            let head =
                "HTTP/1.1 200 OK\nX-Etcd-Cluster-Id: c1\nX-Server-Version: 3.7.1\n"
                + "transfer-encoding: chunked\n\n"
            #expect(
                try await eventually { connection.text.lowercased().hasPrefix(head.lowercased()) })
            let chunk = Array("\r\n\(String(beat.count, radix: 16))\r\n".utf8) + beat
            let twice = Array((chunk + chunk).dropFirst(2))
            #expect(try await eventually { connection.bytes.firstRange(of: twice) != nil })
            await connection.close()
            try await member.stop()
        }
    }

    @Test func probesAndUnknownPaths() async throws {
        let member = try await TestMember(1)
        let probe = try await PeerClient.request(
            url: member.url, path: "/raft/probing", timeout: .seconds(60),
            group: member.group)
        #expect(probe.status == 200)
        #expect(probe.headers.first(name: "content-type") == "text/plain; charset=utf-8")
        let text = String(decoding: probe.body, as: UTF8.self)
        #expect(text.hasPrefix("{\"OK\":true,\"Now\":\"20") && text.hasSuffix("Z\"}\n"))
        let missing = try await PeerClient.request(
            url: member.url, path: "/metrics", timeout: .seconds(60), group: member.group)
        #expect(missing.status == 404)
        #expect(String(decoding: missing.body, as: UTF8.self) == "404 page not found\n")
        let echo = try await PeerClient.request(
            method: "POST", url: member.url, path: "/echo?a=b", body: [1, 2, 3],
            timeout: .seconds(60), group: member.group)
        #expect(String(decoding: echo.body, as: UTF8.self) == "POST a=b 3")
        let large = try await PeerClient.request(
            method: "POST", url: member.url, path: "/echo",
            body: [UInt8](repeating: 0, count: 5 << 20), timeout: .seconds(60),
            group: member.group)
        #expect(large.status == 413)
        try await member.stop()
    }

    @Test func invalidHTTPClosesTheConnection() async throws {
        let member = try await TestMember(1) { $0.readTimeout = .milliseconds(500) }
        for garbage in ["\u{0}\u{1}\u{2}\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET /"] {
            let connection = try await RawConnection(
                port: member.port, group: member.group, sending: garbage)
            #expect(try await eventually { connection.isEnded }, "\(garbage)")
        }
        try await member.stop()
    }
}
