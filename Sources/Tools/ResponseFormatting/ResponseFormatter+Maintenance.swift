package import EtcdAPI

extension ResponseFormatter {
    package func alarms(
        _ response: Etcdserverpb_AlarmResponse
    ) throws(UnsupportedFormat) -> Output {
        var (simple, fields) = (Output(), header(response.header))
        for alarm in response.alarms {
            let kind = Self.name(alarm.alarm)
            simple.line("memberID:\(alarm.memberID)  alarm:\(kind)")
            fields.field("MemberID", id(alarm.memberID))
            fields.field("AlarmType", kind)
            fields.line("")
        }
        var json = response.hasHeader ? GoObject(header: response.header) : GoObject()
        json.add("alarms", response.alarms.map { GoObject($0) })
        return try output(simple: simple, fields: fields, json: json, message: response)
    }

    private static func name(_ alarm: Etcdserverpb_AlarmType) -> String {
        switch alarm {
        case .none: "NONE"
        case .nospace: "NOSPACE"
        case .corrupt: "CORRUPT"
        case .UNRECOGNIZED(let number): "\(number)"
        }
    }

    /// - Parameter action: what succeeded: `validate`, `enable` or `cancel`.
    package func downgrade(
        _ action: String, _ response: Etcdserverpb_DowngradeResponse
    ) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        simple.line("Downgrade \(action) success, cluster version \(response.version)")
        var json = GoObject(header: response.header)
        json.add("version", response.version)
        return try output(simple: simple, fields: nil, json: json, message: response)
    }

    package func moveLeader(
        from leader: UInt64, to target: UInt64, _ response: Etcdserverpb_MoveLeaderResponse
    ) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        simple.line(
            "Leadership transferred from \(String(leader, radix: 16)) "
                + "to \(String(target, radix: 16))")
        return try output(
            simple: simple, fields: nil, json: GoObject(header: response.header),
            message: response)
    }
}
