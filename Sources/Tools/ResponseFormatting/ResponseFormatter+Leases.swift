package import EtcdAPI

extension ResponseFormatter {
    package func leaseGrant(
        _ response: Etcdserverpb_LeaseGrantResponse
    ) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        simple.line("lease \(leaseText(response.id)) granted with TTL(\(response.ttl)s)")
        var json = GoObject(response.header)
        json.always("ID", .number("\(response.id)"))
        json.always("TTL", .number("\(response.ttl)"))
        json.always("Error", .string(response.error))
        // clientv3's type only has the header as a message.
        return try output(
            simple: simple, fields: idAndTTL(response.header, response.id, response.ttl),
            json: json, message: response.header)
    }

    package func leaseRevoke(
        _ id: Int64, _ response: Etcdserverpb_LeaseRevokeResponse
    ) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        simple.line("lease \(leaseText(id)) revoked")
        return try output(
            simple: simple, fields: header(response.header),
            json: GoObject(header: response.header), message: response)
    }

    package func leaseKeepAlive(
        _ response: Etcdserverpb_LeaseKeepAliveResponse
    ) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        simple.line("lease \(leaseText(response.id)) keepalived with TTL(\(response.ttl))")
        var json = GoObject(response.header)
        json.always("ID", .number("\(response.id)"))
        json.always("TTL", .number("\(response.ttl)"))
        return try output(
            simple: simple, fields: idAndTTL(response.header, response.id, response.ttl),
            json: json, message: response.header)
    }

    /// - Parameter returnsKeys: whether the keys were asked for.
    package func leaseTimeToLive(
        _ response: Etcdserverpb_LeaseTimeToLiveResponse, returnsKeys: Bool
    ) throws(UnsupportedFormat) -> Output {
        var json = GoObject(response.header)
        json.always("id", .number("\(response.id)"))
        json.always("ttl", .number("\(response.ttl)"))
        json.always("granted-ttl", .number("\(response.grantedTtl)"))
        let keys = response.keys.map { GoJSON.base64($0) }
        json.always("keys", keys.isEmpty ? .null : .array(keys))
        var fields = idAndTTL(response.header, response.id, response.ttl)
        fields.field("GrantedTTL", "\(response.grantedTtl)")
        for key in response.keys { fields.field("Key", goQuoted(key)) }
        return try output(
            simple: simple(response, returnsKeys), fields: fields, json: json,
            message: response.header)
    }

    private func simple(
        _ response: Etcdserverpb_LeaseTimeToLiveResponse, _ returnsKeys: Bool
    ) -> Output {
        var output = Output()
        let lease = "lease \(leaseText(response.id))"
        if response.grantedTtl == 0, response.ttl == -1 {
            output.line("\(lease) already expired")
            return output
        }
        var line = Array(
            "\(lease) granted with TTL(\(response.grantedTtl)s), remaining(\(response.ttl)s)".utf8)
        if returnsKeys {
            let keys = response.keys.map { Array($0) }.joined(separator: [UInt8(ascii: " ")])
            line += Array(", attached keys([".utf8) + Array(keys) + Array("])".utf8)
        }
        output.line(bytes: line)
        return output
    }

    package func leases(
        _ response: Etcdserverpb_LeaseLeasesResponse
    ) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        simple.line("found \(response.leases.count) leases")
        for lease in response.leases { simple.line(leaseText(lease.id)) }
        var json = GoObject(response.header)
        json.always(
            "leases",
            .array(
                response.leases.map { lease in
                    var object = GoObject()
                    object.always("id", .number("\(lease.id)"))
                    return .object(object)
                }))
        var fields = header(response.header)
        for lease in response.leases { fields.field("ID", "\(lease.id)") }
        return try output(
            simple: simple, fields: fields, json: json, message: response.header)
    }

    private func idAndTTL(
        _ header: Etcdserverpb_ResponseHeader, _ id: Int64, _ ttl: Int64
    ) -> Output {
        var fields = self.header(header)
        fields.field("ID", "\(id)")
        fields.field("TTL", "\(ttl)")
        return fields
    }
}

/// Sixteen hexadecimal digits.
package func leaseText(_ id: Int64) -> String {
    let digits = String(id.magnitude, radix: 16)
    let sign = id < 0 ? "-" : ""
    return sign + String(repeating: "0", count: max(16 - sign.count - digits.utf8.count, 0))
        + digits
}
