package import EtcdAPI
import SwiftProtobuf

extension ResponseFormatter {
    package func memberList(
        _ response: Etcdserverpb_MemberListResponse
    ) throws(UnsupportedFormat) -> Output {
        let rows = response.members.map { Self.row($0) }
        var simple = Output()
        for row in rows { simple.line(row.joined(separator: ", ")) }
        var table = Output()
        let headings = ["ID", "Status", "Name", "Peer Addrs", "Client Addrs", "Is Learner"]
        for line in BoxTable(headings: headings, rows: rows).lines { table.line(line) }
        return try output(
            simple: simple, fields: fields(response),
            json: json(response.header, members: response.members), message: response,
            table: table)
    }

    private static func row(_ member: Etcdserverpb_Member) -> [String] {
        [
            String(member.id, radix: 16), member.name.isEmpty ? "unstarted" : "started",
            member.name, member.peerUrls.joined(separator: ","),
            member.clientUrls.joined(separator: ","), "\(member.isLearner)",
        ]
    }

    private func fields(_ response: Etcdserverpb_MemberListResponse) -> Output {
        var output = Output()
        output.field("ClusterID", id(response.header.clusterID))
        output.field("MemberID", id(response.header.memberID))
        output.field("RaftTerm", "\(response.header.raftTerm)")
        for member in response.members {
            output.field("ID", id(member.id))
            output.field("Name", goQuoted(member.name.utf8))
            for url in member.peerUrls { output.field("PeerURL", goQuoted(url.utf8)) }
            for url in member.clientUrls { output.field("ClientURL", goQuoted(url.utf8)) }
            output.field("IsLearner", "\(member.isLearner)")
            output.line("")
        }
        return output
    }

    package func memberAdd(
        _ response: Etcdserverpb_MemberAddResponse
    ) throws(UnsupportedFormat) -> Output {
        let kind = response.member.isLearner ? " as learner" : ""
        let json = json(response.header, member: response.member, members: response.members)
        return try memberChange(
            "Member \(padded(response.member.id)) added\(kind) to", response.header, json,
            response)
    }

    package func memberRemove(
        _ id: UInt64, _ response: Etcdserverpb_MemberRemoveResponse
    ) throws(UnsupportedFormat) -> Output {
        let json = json(response.header, members: response.members)
        return try memberChange(
            "Member \(padded(id)) removed from", response.header, json, response)
    }

    package func memberUpdate(
        _ id: UInt64, _ response: Etcdserverpb_MemberUpdateResponse
    ) throws(UnsupportedFormat) -> Output {
        let json = json(response.header, members: response.members)
        return try memberChange(
            "Member \(padded(id)) updated in", response.header, json, response)
    }

    package func memberPromote(
        _ id: UInt64, _ response: Etcdserverpb_MemberPromoteResponse
    ) throws(UnsupportedFormat) -> Output {
        var json = GoObject(header: response.header)
        json.add("members", response.members.map { GoObject($0) })
        return try memberChange(
            "Member \(padded(id)) promoted in", response.header, json, response)
    }

    private func memberChange(
        _ text: String, _ header: Etcdserverpb_ResponseHeader, _ json: GoObject,
        _ message: some Message
    ) throws(UnsupportedFormat) -> Output {
        var simple = Output()
        simple.line("\(text) cluster \(padded(header.clusterID))")
        return try output(simple: simple, fields: nil, json: json, message: message)
    }

    /// Hexadecimal, sixteen characters wide with blanks.
    private func padded(_ id: UInt64) -> String {
        let digits = String(id, radix: 16)
        return String(repeating: " ", count: 16 - digits.utf8.count) + digits
    }

    /// With `--hex` the IDs are texts, also that of the cluster.
    private func json(
        _ header: Etcdserverpb_ResponseHeader, member: Etcdserverpb_Member? = nil,
        members: [Etcdserverpb_Member]
    ) -> GoObject {
        guard isHex else {
            var object = GoObject(header: header)
            if let member { object.add("member", GoObject(member)) }
            object.add("members", members.map { GoObject($0) })
            return object
        }
        var hexHeader = GoObject()
        hexHeader.always("cluster_id", .string(id(header.clusterID)))
        hexHeader.always("member_id", .string(id(header.memberID)))
        hexHeader.add("revision", header.revision)
        hexHeader.add("raft_term", header.raftTerm)
        var object = GoObject()
        object.add("header", hexHeader)
        if let member { object.add("member", hexObject(member)) }
        object.always("members", .array(members.map { .object(hexObject($0)) }))
        return object
    }

    private func hexObject(_ member: Etcdserverpb_Member) -> GoObject {
        var object = GoObject()
        object.always("ID", .string(id(member.id)))
        var named = member
        named.id = 0
        object.append(GoObject(named))
        return object
    }
}
