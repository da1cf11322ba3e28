import HTTPServices
import NIOCore
import Testing

/// gRPC calls and other requests on one HTTP/2 connection.
@Suite struct SharedPortTests {
    private static let grpc = [("content-type", "application/grpc"), ("te", "trailers")]
    private static let message: [UInt8] = [0, 0, 0, 0, 2, 7, 8]

    @Test func callsAndRequestsShareAConnection() async throws {
        let client = try await HTTP2Fixture().connect()
        let responses = try await withThrowingTaskGroup(of: (Bool, HTTP2Client.Response).self) {
            group in
            for index in 0..<60 {
                group.addTask {
                    guard index % 2 == 0 else { return (false, try await client.get("/version")) }
                    let response = try await client.request(
                        "POST", "/t.T/U", Self.grpc, body: Self.message)
                    return (true, response)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(responses.count == 60)
        for (isCall, response) in responses {
            #expect(response.status == 200)
            if isCall {
                #expect(response.bytes == Self.message)
                #expect(response.trailers["grpc-status"] == "0")
            } else {
                #expect(response.body.hasPrefix("{\"etcdserver\""))
                #expect(response.headers["content-type"] == "application/json")
            }
        }
    }

    /// As in etcd, which passes whatever contains `application/grpc` to grpc-go.
    @Test(arguments: [
        ("POST", "application/grpc-web", 415, "content-type \"application/grpc-web\""),
        (
            "POST", "text/plain;application/grpc", 415,
            "content-type \"text/plain;application/grpc\""
        ),
        ("GET", "application/grpc", 405, "method \"GET\""),
        ("GET", "application/grpc-web", 405, "method \"GET\""),
        ("PUT", "application/grpc+proto", 405, "method \"PUT\""),
    ])
    func whatOnlyClaimsToBeACallIsRefused(
        method: String, contentType: String, status: Int, text: String
    ) async throws {
        let client = try await HTTP2Fixture(identity: .encrypted(nil)).connect()
        for path in ["/t.T/U", "/version", "/t.T/Nope"] {
            let response = try await client.request(
                method, path, [("content-type", contentType)], body: Self.message)
            #expect(response.status == status)
            #expect(response.body == "invalid gRPC request \(text)\n")
            #expect(response.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(response.headers["allow"] == (status == 405 ? "POST" : nil))
            #expect(response.headers["access-control-allow-origin"] == "*")
        }
    }

    @Test func anyOtherContentTypeIsNotFoundAtAMethod() async throws {
        let client = try await HTTP2Fixture().connect()
        for headers in [[], [("content-type", "application/json")]] {
            let response = try await client.request("POST", "/t.T/U", headers, body: Self.message)
            #expect(response.status == 404 && response.body == "404 page not found\n")
        }
        // A call to a path that is no method is still a call.
        let call = try await client.request("POST", "/health", Self.grpc, body: Self.message)
        #expect(call.status == 200 && call.headers["grpc-status"] == "12")
        #expect(call.headers["grpc-message"] == "malformed method name: \"/health\"")
    }

    @Test func aPortWithoutGRPCDoesNotKnowCalls() async throws {
        for listener in [HTTPListener.client, .metrics] {
            let client = try await HTTP2Fixture(.http(listener)).connect()
            let call = try await client.request("POST", "/t.T/U", Self.grpc, body: Self.message)
            #expect(call.status == 404 && call.body == "404 page not found\n")
        }
    }
}
