import CommandParsing
import EtcdAPI
import EtcdClient
import ResponseFormatting
import SwiftProtobuf
import StandardStreams

extension CommandTree {
    static let leaseActions: [String: Action] = [
        "lease grant": { try await LeaseCommands.grant($0) },
        "lease revoke": { try await LeaseCommands.revoke($0) },
        "lease timetolive": { try await LeaseCommands.timeToLive($0) },
        "lease list": { try await LeaseCommands.list($0) },
        "lease keep-alive": { try await LeaseCommands.keepAlive($0) },
    ]
}

/// lease grant, revoke, timetolive, list and keep-alive.
enum LeaseCommands {
    static func grant(_ invocation: Invocation) async throws {
        guard invocation.arguments.count == 1 else {
            throw ToolFailure.arguments("lease grant command needs TTL argument")
        }
        var request = Etcdserverpb_LeaseGrantRequest()
        do throws(GoValueError) {
            request.ttl = try GoValue.int64(invocation.arguments[0], base: 10)
        } catch {
            throw ToolFailure.arguments("bad TTL (\(error))")
        }
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_LeaseGrantResponse = try await invocation.withClient {
            try await named("failed to grant lease", $0, .leaseGrant, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.leaseGrant(response)
        }
    }

    static func revoke(_ invocation: Invocation) async throws {
        guard invocation.arguments.count == 1 else {
            throw ToolFailure.arguments("lease revoke command needs 1 argument")
        }
        var request = Etcdserverpb_LeaseRevokeRequest()
        request.id = try leaseID(invocation.arguments[0])
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_LeaseRevokeResponse = try await invocation.withClient {
            try await named("failed to revoke lease", $0, .leaseRevoke, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.leaseRevoke(sent.id, response)
        }
    }

    private static func named<Response: SwiftProtobuf.Message>(
        _ failure: String, _ client: EtcdClient, _ method: Method,
        _ request: some SwiftProtobuf.Message
    ) async throws -> Response {
        do throws(EtcdClientError) {
            return try await client.unary(method, request)
        } catch {
            throw ToolFailure.operation("\(failure) (\(error.toolText))")
        }
    }

    static func timeToLive(_ invocation: Invocation) async throws {
        guard invocation.arguments.count == 1 else {
            throw ToolFailure.arguments("lease timetolive command needs lease ID as argument")
        }
        var request = Etcdserverpb_LeaseTimeToLiveRequest()
        request.id = try leaseID(invocation.arguments[0])
        request.keys = invocation.flags.bool("keys")
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_LeaseTimeToLiveResponse = try await connected(invocation) {
            try await $0.unary(.leaseTimeToLive, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.leaseTimeToLive(response, returnsKeys: sent.keys)
        }
    }

    static func list(_ invocation: Invocation) async throws {
        let formatter = try await invocation.formatter()
        let response: Etcdserverpb_LeaseLeasesResponse = try await connected(invocation) {
            try await $0.unary(.leaseLeases, Etcdserverpb_LeaseLeasesRequest())
        }
        try invocation.print { () throws(UnsupportedFormat) in try formatter.leases(response) }
    }

    static func keepAlive(_ invocation: Invocation) async throws {
        guard invocation.arguments.count == 1 else {
            throw ToolFailure.arguments("lease keep-alive command needs lease ID as argument")
        }
        let id = try leaseID(invocation.arguments[0])
        let formatter = try await invocation.formatter()
        let isOnce = invocation.flags.bool("once")
        try await connected(invocation) { client in
            while true {
                let response = try await renew(id, client)
                guard response.ttl > 0 else {
                    if isOnce {
                        throw ToolFailure.connection("etcdserver: requested lease not found")
                    }
                    guard formatter.format == .simple else { return }
                    return StandardOutput.line("lease \(leaseText(id)) expired or revoked.")
                }
                try invocation.print { () throws(UnsupportedFormat) in
                    try formatter.leaseKeepAlive(response)
                }
                if isOnce { return }
                try await Task.sleep(for: .milliseconds(response.ttl * 1000 / 3))
            }
        }
    }

    private static func renew(
        _ id: Int64, _ client: EtcdClient
    ) async throws -> Etcdserverpb_LeaseKeepAliveResponse {
        var request = Etcdserverpb_LeaseKeepAliveRequest()
        request.id = id
        return try await client.unary(.leaseKeepAlive, request)
    }

    /// As `withClient`; a failed call is one of the connection.
    private static func connected<Result: Sendable>(
        _ invocation: Invocation, _ body: (EtcdClient) async throws -> Result
    ) async throws -> Result {
        do {
            return try await invocation.withClient(body)
        } catch let failure as ToolFailure where failure.status == 1 {
            throw ToolFailure(lines: failure.lines, status: 2)
        }
    }

    private static func leaseID(_ text: String) throws(ToolFailure) -> Int64 {
        do throws(GoValueError) {
            return try GoValue.int64(text, base: 16)
        } catch {
            throw .arguments("bad lease ID arg (\(error)), expecting ID in Hex")
        }
    }
}
