package import EtcdAPI

/// The health of an endpoint.
package struct EndpointHealth: Sendable {
    package var endpoint: String
    /// Go's text of a duration.
    package var took: String
    /// nil: healthy.
    package var error: String?

    package init(endpoint: String, took: String, error: String?) {
        self.endpoint = endpoint
        self.took = took
        self.error = error
    }
}

extension ResponseFormatter {
    /// Without the lines of unhealthy endpoints, which go to the standard error in the format
    /// `simple`.
    package func health(_ endpoints: [EndpointHealth]) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        for one in endpoints where one.error == nil {
            simple.line(
                "\(one.endpoint) is healthy: successfully committed proposal: took = \(one.took)")
        }
        let rows = endpoints.map {
            [$0.endpoint, "\($0.error == nil)", $0.took, $0.error ?? ""]
        }
        return try list(
            simple: simple, fields: fields(endpoints),
            json: .array(endpoints.map { .object(GoObject($0)) }),
            table: BoxTable(headings: ["Endpoint", "Health", "Took", "Error"], rows: rows))
    }

    private func fields(_ endpoints: [EndpointHealth]) -> Output {
        var output = Output()
        for one in endpoints {
            output.field("Endpoint", goQuoted(one.endpoint.utf8))
            output.field("Health", "\(one.error == nil)")
            output.field("Took", one.took)
            output.field("Error", one.error ?? "")
            output.line("")
        }
        return output
    }

    package func status(
        _ endpoints: [(endpoint: String, status: Etcdserverpb_StatusResponse)]
    ) throws(UnsupportedFormat) -> Output {
        let rows = endpoints.map { StatusRow($0.endpoint, $0.status).cells }
        var simple = Output()
        for row in rows { simple.line(row.joined(separator: ", ")) }
        let json = endpoints.map { one -> GoJSON in
            var object = GoObject()
            object.always("Endpoint", .string(one.endpoint))
            object.add("Status", GoObject(one.status))
            return .object(object)
        }
        return try list(
            simple: simple, fields: fields(endpoints), json: .array(json),
            table: BoxTable(headings: StatusRow.headings, rows: rows))
    }

    private func fields(
        _ endpoints: [(endpoint: String, status: Etcdserverpb_StatusResponse)]
    ) -> Output {
        var output = Output()
        for (endpoint, status) in endpoints {
            output.append(header(status.header))
            output.field("Version", goQuoted(status.version.utf8))
            output.field("StorageVersion", goQuoted(status.storageVersion.utf8))
            output.field("DBSize", "\(status.dbSize)")
            output.field("DBSizeInUse", "\(status.dbSizeInUse)")
            output.field("DBSizeQuota", "\(status.dbSizeQuota)")
            output.field("Leader", id(status.leader))
            output.field("IsLearner", "\(status.isLearner)")
            output.field("RaftIndex", "\(status.raftIndex)")
            output.field("RaftTerm", "\(status.raftTerm)")
            output.field("RaftAppliedIndex", "\(status.raftAppliedIndex)")
            output.field("Errors", "[\(status.errors.joined(separator: " "))]")
            output.field("Endpoint", goQuoted(endpoint.utf8))
            output.field(
                "DowngradeTargetVersion", goQuoted(status.downgradeInfo.targetVersion.utf8))
            output.field("DowngradeEnabled", "\(status.downgradeInfo.enabled)")
            output.line("")
        }
        return output
    }

    package func hashes(
        _ endpoints: [(endpoint: String, hash: Etcdserverpb_HashKVResponse)]
    ) throws(UnsupportedFormat) -> Output {
        let rows = endpoints.map { [$0.endpoint, "\($0.hash.hash)", "\($0.hash.hashRevision)"] }
        var (simple, fields) = (Output(), Output())
        for row in rows { simple.line(row.joined(separator: ", ")) }
        var json: [GoJSON] = []
        for (endpoint, hash) in endpoints {
            fields.append(header(hash.header))
            fields.field("Endpoint", goQuoted(endpoint.utf8))
            fields.field("Hash", "\(hash.hash)")
            fields.field("HashRevision", "\(hash.hashRevision)")
            fields.line("")
            var object = GoObject()
            object.always("Endpoint", .string(endpoint))
            object.add("HashKV", GoObject(hash))
            json.append(.object(object))
        }
        return try list(
            simple: simple, fields: fields, json: .array(json),
            table: BoxTable(headings: ["Endpoint", "Hash", "Hash Revision"], rows: rows))
    }

    private func list(
        simple: Output, fields: Output, json: GoJSON, table: BoxTable
    ) throws(UnsupportedFormat) -> Output {
        var output = Output()
        switch format {
        case .simple: return simple
        case .fields: return fields
        case .json: output.line(json.text)
        case .table: for line in table.lines { output.line(line) }
        case .protobuf: throw UnsupportedFormat(format: format)
        }
        return output
    }
}

extension GoObject {
    fileprivate init(_ health: EndpointHealth) {
        self.init()
        always("endpoint", .string(health.endpoint))
        always("health", .bool(health.error == nil))
        always("took", .string(health.took))
        add("error", health.error ?? "")
    }
}

/// A member's status in the formats `simple` and `table`.
private struct StatusRow {
    static let headings = [
        "Endpoint", "ID", "Version", "Storage Version", "DB Size", "In Use",
        "Percentage Not In Use", "Quota", "Is Leader", "Is Learner", "Raft Term", "Raft Index",
        "Raft Applied Index", "Errors", "Downgrade Target Version", "Downgrade Enabled",
    ]

    let cells: [String]

    init(_ endpoint: String, _ status: Etcdserverpb_StatusResponse) {
        // The part in use is rounded down.
        let percentage = status.dbSize > 0 ? 100 - status.dbSizeInUse * 100 / status.dbSize : 0
        cells = [
            endpoint, String(status.header.memberID, radix: 16), status.version,
            status.storageVersion, sizeText(Int(status.dbSize)), sizeText(Int(status.dbSizeInUse)),
            "\(percentage)%", sizeText(Int(status.dbSizeQuota)),
            "\(status.leader == status.header.memberID)", "\(status.isLearner)",
            "\(status.raftTerm)", "\(status.raftIndex)", "\(status.raftAppliedIndex)",
            status.errors.joined(separator: ", "), status.downgradeInfo.targetVersion,
            "\(status.downgradeInfo.enabled)",
        ]
    }
}
