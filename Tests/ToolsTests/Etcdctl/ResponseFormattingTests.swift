import EtcdAPI
import ResponseFormatting
import Testing

/// The outputs that etcdctl 3.7.1 was recorded with.
@Suite("Formats of responses")
struct ResponseFormattingTests {
    private var header: Etcdserverpb_ResponseHeader {
        var header = Etcdserverpb_ResponseHeader()
        header.clusterID = 9_864_771_516_465_321_974
        header.memberID = 18_225_885_747_953_510_621
        header.revision = 89
        header.raftTerm = 3
        return header
    }

    private var range: Etcdserverpb_RangeResponse {
        var pair = Mvccpb_KeyValue()
        pair.key.append(contentsOf: "k\"q\\n".utf8)
        pair.createRevision = 89
        pair.modRevision = 89
        pair.version = 1
        pair.value.append(contentsOf: "v\tt".utf8)
        var range = Etcdserverpb_RangeResponse()
        range.header = header
        range.kvs = [pair]
        range.count = 1
        return range
    }

    private func text(
        _ format: OutputFormat, isHex: Bool = false,
        _ body: (ResponseFormatter) throws -> Output
    ) throws -> String {
        String(decoding: try body(ResponseFormatter(format, isHex: isHex)).bytes, as: UTF8.self)
    }

    @Test func pairs() throws {
        #expect(try text(.simple) { try $0.range(range) } == "k\"q\\n\nv\tt\n")
        #expect(
            try text(.simple, isHex: true) { try $0.range(range) }
                == "\\x6b\\x22\\x71\\x5c\\x6e\n\\x76\\x09\\x74\n")
        #expect(
            try text(.json) { try $0.range(range) } == """
                {"header":{"cluster_id":9864771516465321974,"member_id":18225885747953510621,\
                "revision":89,"raft_term":3},"kvs":[{"key":"ayJxXG4=","create_revision":89,\
                "mod_revision":89,"version":1,"value":"dgl0"}],"count":1}

                """)
        #expect(
            try text(.fields) { try $0.range(range) } == """
                "ClusterID" : 9864771516465321974
                "MemberID" : 18225885747953510621
                "Revision" : 89
                "RaftTerm" : 3
                "Key" : "k\\"q\\\\n"
                "CreateRevision" : 89
                "ModRevision" : 89
                "Version" : 1
                "Value" : "v\\tt"
                "Lease" : 0
                "More" : false
                "Count" : 1

                """)
        #expect(throws: UnsupportedFormat(format: .table)) {
            try ResponseFormatter(.table).range(range)
        }
    }

    @Test func members() throws {
        var member = Etcdserverpb_Member()
        member.id = 3_632_325_562_372_070_109
        member.name = "n3"
        member.peerUrls = ["http://127.0.0.1:42380"]
        member.clientUrls = ["http://127.0.0.1:42379"]
        var list = Etcdserverpb_MemberListResponse()
        list.header = header
        list.members = [member]
        #expect(
            try text(.simple) { try $0.memberList(list) }
                == "32689cdaa5c21add, started, n3, http://127.0.0.1:42380, "
                + "http://127.0.0.1:42379, false\n")
        let table = try text(.table) { try $0.memberList(list) }
        #expect(
            table.contains(
                "│        ID        │ STATUS  │ NAME │       PEER ADDRS       │"
                    + "      CLIENT ADDRS      │ IS LEARNER │"))
        #expect(
            try text(.fields, isHex: true) { try $0.memberList(list) } == """
                "ClusterID" : 88e6b56dad4e97f6
                "MemberID" : fcef5a85db9fa8dd
                "RaftTerm" : 3
                "ID" : 32689cdaa5c21add
                "Name" : "n3"
                "PeerURL" : "http://127.0.0.1:42380"
                "ClientURL" : "http://127.0.0.1:42379"
                "IsLearner" : false


                """)
    }

    @Test func leases() throws {
        var response = Etcdserverpb_LeaseTimeToLiveResponse()
        response.header = header
        response.id = 4660
        response.ttl = -1
        #expect(
            try text(.simple) { try $0.leaseTimeToLive(response, returnsKeys: false) }
                == "lease 0000000000001234 already expired\n")
        #expect(
            try text(.json) { try $0.leaseTimeToLive(response, returnsKeys: false) }
                .hasSuffix("\"id\":4660,\"ttl\":-1,\"granted-ttl\":0,\"keys\":null}\n"))
    }

    @Test func roles() throws {
        func permission(
            _ kind: Authpb_Permission.TypeEnum, _ key: String, _ end: String
        ) -> Authpb_Permission {
            var permission = Authpb_Permission()
            permission.permType = kind
            permission.key.append(contentsOf: key.utf8)
            permission.rangeEnd.append(contentsOf: end.utf8)
            return permission
        }
        var response = Etcdserverpb_AuthRoleGetResponse()
        response.perm = [
            permission(.read, "a", "z"), permission(.readwrite, "foo", ""),
            permission(.read, "k", "\0"), permission(.write, "pfx", "pfy"),
        ]
        #expect(
            try text(.simple) { try $0.role("r1", response) } == """
                Role r1
                KV Read:
                \t[a, z)
                \tfoo
                \t[k, <open ended>
                KV Write:
                \tfoo
                \t[pfx, pfy) (prefix pfx)

                """)
    }

    @Test(arguments: [
        (Array("é✓".utf8), "\"é✓\""), ([0xFF, 0x00, 0x41], "\"\\xff\\x00A\""),
        (Array("\u{200B}\u{7}".utf8), "\"\\u200b\\a\""), ([0xE2, 0x82], "\"\\xe2\\x82\""),
    ])
    func quotedBytes(bytes: [UInt8], text: String) {
        #expect(goQuoted(bytes) == text)
    }
}
