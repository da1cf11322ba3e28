import CommandParsing
import EtcdAPI
import EtcdClient
import ResponseFormatting
import StandardStreams

extension CommandTree {
    static let maintenanceActions: [String: Action] = [
        "endpoint health": { try await EndpointCommands.health($0) },
        "endpoint status": { try await EndpointCommands.status($0) },
        "endpoint hashkv": { try await EndpointCommands.hashes($0) },
        "alarm list": { try await MaintenanceCommands.alarms($0, .get) },
        "alarm disarm": { try await MaintenanceCommands.alarms($0, .deactivate) },
        "defrag": { try await MaintenanceCommands.defragment($0) },
        "move-leader": { try await MaintenanceCommands.moveLeader($0) },
        "snapshot save": { try await SnapshotCommand.save($0) },
        "downgrade validate": { try await MaintenanceCommands.downgrade($0, .validate) },
        "downgrade enable": { try await MaintenanceCommands.downgrade($0, .enable) },
        "downgrade cancel": { try await MaintenanceCommands.downgrade($0, .cancel) },
    ]
}

/// alarm, defrag, move-leader and downgrade.
enum MaintenanceCommands {
    static func alarms(
        _ invocation: Invocation, _ action: Etcdserverpb_AlarmRequest.AlarmAction
    ) async throws {
        let name = action == .get ? "list" : "disarm"
        guard invocation.arguments.isEmpty else {
            throw ToolFailure.arguments("alarm \(name) command accepts no arguments")
        }
        let formatter = try await invocation.formatter()
        let response = try await invocation.withClient { client in
            let listed: Etcdserverpb_AlarmResponse = try await client.unary(
                .alarmList, Etcdserverpb_AlarmRequest())
            return action == .get ? listed : try await disarm(listed, client)
        }
        try invocation.print { () throws(UnsupportedFormat) in try formatter.alarms(response) }
    }

    /// Disarms what is listed, one after the other. The response has no header, as in clientv3.
    private static func disarm(
        _ listed: Etcdserverpb_AlarmResponse, _ client: EtcdClient
    ) async throws -> Etcdserverpb_AlarmResponse {
        var disarmed = Etcdserverpb_AlarmResponse()
        for alarm in listed.alarms {
            var request = Etcdserverpb_AlarmRequest()
            request.action = .deactivate
            request.memberID = alarm.memberID
            request.alarm = alarm.alarm
            let response: Etcdserverpb_AlarmResponse = try await client.unary(.alarm, request)
            disarmed.alarms += response.alarms
        }
        return disarmed
    }

    static func defragment(_ invocation: Invocation) async throws {
        _ = try await invocation.formatter()
        let endpoints = try await invocation.endpointsOfMembers()
        let hasFailed = try await invocation.withClient { client in
            var hasFailed = false
            for endpoint in endpoints {
                let started = ContinuousClock.now
                do throws(EtcdClientError) {
                    try await client.defragment(endpoint)
                    let took = GoDuration.text(started.duration(to: .now))
                    StandardOutput.line(
                        "Finished defragmenting etcd member[\(endpoint)]. took \(took)")
                } catch {
                    hasFailed = true
                    let took = GoDuration.text(started.duration(to: .now))
                    StandardError.line(
                        "Failed to defragment etcd member[\(endpoint)]. took \(took). "
                            + "(\(error.toolText))")
                }
            }
            return hasFailed
        }
        if hasFailed { throw ToolFailure(lines: [], status: 1) }
    }

    static func moveLeader(_ invocation: Invocation) async throws {
        guard invocation.arguments.count == 1 else {
            throw ToolFailure.arguments("move-leader command needs 1 argument")
        }
        let target: UInt64
        do throws(GoValueError) {
            target = try GoValue.uint64(invocation.arguments[0], base: 16)
        } catch {
            throw ToolFailure.arguments("\(error)")
        }
        let formatter = try await invocation.formatter()
        let endpoints = try await invocation.clientOptions().endpoints
        try await invocation.withClient { client in
            for endpoint in endpoints {
                let status: Etcdserverpb_StatusResponse = try await client.unary(
                    .status, Etcdserverpb_StatusRequest(), onMember: endpoint)
                guard status.leader == status.header.memberID else { continue }
                var request = Etcdserverpb_MoveLeaderRequest()
                request.targetID = target
                let response: Etcdserverpb_MoveLeaderResponse = try await client.unary(
                    .moveLeader, request, onMember: endpoint)
                return try invocation.print { () throws(UnsupportedFormat) in
                    try formatter.moveLeader(from: status.leader, to: target, response)
                }
            }
            throw ToolFailure.arguments(
                "no leader endpoint given at [\(endpoints.joined(separator: " "))]")
        }
    }

    static func downgrade(
        _ invocation: Invocation, _ action: Etcdserverpb_DowngradeRequest.DowngradeAction
    ) async throws {
        var request = Etcdserverpb_DowngradeRequest()
        request.action = action
        if action != .cancel {
            guard let version = invocation.arguments.first else {
                throw ToolFailure.arguments("TARGET_VERSION not provided")
            }
            guard invocation.arguments.count == 1 else {
                throw ToolFailure.arguments("too many arguments")
            }
            request.version = version
        }
        let formatter = try await invocation.formatter()
        let sent = request
        let response: Etcdserverpb_DowngradeResponse = try await invocation.withClient {
            try await $0.unary(action == .validate ? .downgradeValidate : .downgrade, sent)
        }
        let name =
            switch action {
            case .enable: "enable"
            case .cancel: "cancel"
            default: "validate"
            }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.downgrade(name, response)
        }
    }
}
