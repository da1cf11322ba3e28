import CommandParsing
import EtcdAPI
import EtcdClient
import ResponseFormatting
import StandardStreams

/// endpoint health, status and hashkv.
enum EndpointCommands {
    static func health(_ invocation: Invocation) async throws {
        let formatter = try await invocation.formatter()
        let endpoints = try await invocation.endpointsOfMembers()
        let checked = await withTaskGroup(of: EndpointHealth.self) { group in
            for endpoint in endpoints { group.addTask { await check(endpoint, invocation) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        try invocation.print { () throws(UnsupportedFormat) in try formatter.health(checked) }
        let unhealthy = checked.filter { $0.error != nil }
        guard !unhealthy.isEmpty else { return }
        var lines: [String] = []
        if formatter.format == .simple {
            lines = unhealthy.map {
                "\($0.endpoint) is unhealthy: failed to commit proposal: \($0.error ?? "")"
            }
        }
        throw ToolFailure(lines: lines + ["Error: unhealthy cluster"], status: 1)
    }

    /// A linearizable read, of a key that need not exist and may be forbidden, and no alarms.
    private static func check(
        _ endpoint: String, _ invocation: Invocation
    ) async -> EndpointHealth {
        let started = ContinuousClock.now
        var failure: String?
        do {
            failure = try await invocation.withClient(endpoints: [endpoint]) { client in
                do throws(EtcdClientError) {
                    _ = try await client.get("health")
                } catch {
                    guard error.reason == .permissionDenied else { throw error }
                }
                return try await activeAlarms(client)
            }
        } catch let error as ToolFailure {
            failure = error.message
        } catch {
            failure = "\(error)"
        }
        return EndpointHealth(
            endpoint: endpoint, took: GoDuration.text(started.duration(to: .now)),
            error: failure)
    }

    private static func activeAlarms(_ client: EtcdClient) async throws -> String? {
        do throws(EtcdClientError) {
            let alarms = try await client.alarms()
            guard !alarms.isEmpty else { return nil }
            let names = alarms.map { alarm in
                switch alarm.kind {
                case .noSpace: "NOSPACE "
                case .corrupt: "CORRUPT "
                case .other: "UNKNOWN "
                }
            }
            return "Active Alarm(s): " + names.joined()
        } catch {
            guard error.reason == .permissionDenied else {
                return "Unable to fetch the alarm list"
            }
            return nil
        }
    }

    static func status(_ invocation: Invocation) async throws {
        let formatter = try await invocation.formatter()
        let endpoints = try await invocation.endpointsOfMembers()
        let (found, failure) = try await ask(endpoints, invocation, "status") {
            client, endpoint async throws(EtcdClientError) -> Etcdserverpb_StatusResponse in
            try await client.unary(
                .status, Etcdserverpb_StatusRequest(), onMember: endpoint)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.status(found.map { (endpoint: $0.0, status: $0.1) })
        }
        if failure != nil { throw ToolFailure(lines: [], status: 1) }
    }

    static func hashes(_ invocation: Invocation) async throws {
        let formatter = try await invocation.formatter()
        let endpoints = try await invocation.endpointsOfMembers()
        let revision = invocation.flags.int64("rev")
        let (found, failure) = try await ask(endpoints, invocation, "hash") {
            client, endpoint async throws(EtcdClientError) -> Etcdserverpb_HashKVResponse in
            var request = Etcdserverpb_HashKVRequest()
            request.revision = revision
            return try await client.unary(.hashKV, request, onMember: endpoint)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.hashes(found.map { (endpoint: $0.0, hash: $0.1) })
        }
        if let failure { throw ToolFailure.operation(failure.toolText) }
    }

    /// Asks each endpoint in turn; prints the failures.
    private static func ask<Response: Sendable>(
        _ endpoints: [String], _ invocation: Invocation, _ what: String,
        _ call: @escaping @Sendable (EtcdClient, String) async throws(EtcdClientError) -> Response
    ) async throws -> ([(String, Response)], EtcdClientError?) {
        try await invocation.withClient { client in
            var found: [(String, Response)] = []
            var failure: EtcdClientError?
            for endpoint in endpoints {
                do throws(EtcdClientError) {
                    found.append((endpoint, try await call(client, endpoint)))
                } catch {
                    failure = error
                    StandardError.line(
                        "Failed to get the \(what) of endpoint \(endpoint) (\(error.toolText))")
                }
            }
            return (found, failure)
        }
    }
}
