import EtcdAPI
import Testing

/// The text of requests in logs.
@Suite struct LogTextTests {
    @Test func setFieldsAreWrittenInOrder() {
        let range = RangeRequest(
            key: bytes("a"), rangeEnd: [0], limit: 5, sortOrder: .descend, sortTarget: .mod,
            serializable: true)
        #expect(
            range.logText
                == #"key:"a" range_end:"\x00" limit:5 sort_order:DESCEND sort_target:MOD "#
                + "serializable:true")
        #expect(RangeRequest(key: []).logText == "")
    }

    @Test func valuesAreReplacedByTheirSizes() {
        let put = PutRequest(key: bytes("k"), value: bytes("secret"), lease: -3)
        #expect(put.logText == #"key:"k" value_size:6 lease:-3"#)
        let txn = TxnRequest(
            compare: [
                Compare(target: .value, key: bytes("k"), operand: .value(bytes("secret"))),
                Compare(result: .greater, target: .mod, key: bytes("k"), operand: .modRevision(0)),
            ],
            success: [.put(put), .range(RangeRequest(key: bytes("r")))],
            failure: [.txn(TxnRequest(compare: [], success: [.put(put)]))])
        #expect(
            txn.logText
                == #"compare:<target:VALUE key:"k" value_size:6 "#
                + #"result:GREATER target:MOD key:"k" mod_revision:0> "#
                + #"success:<request_put:<key:"k" value_size:6 lease:-3> "#
                + #"request_range:{key:"r"}> "#
                + "failure:<request_txn:<compare:<> "
                + #"success:<request_put:<key:"k" value_size:6 lease:-3>> failure:<>>>"#)
        #expect(!txn.logText.contains("secret"))
    }

    @Test(arguments: [
        ("\"q\"\\", #""\"q\"\\""#), ("a\n\r\t\u{1}", #""a\n\r\t\x01""#),
        ("schl\u{fc}ssel \u{1F511}", "\"schl\u{fc}ssel \u{1F511}\""),
    ])
    func textIsQuoted(key: String, text: String) {
        #expect(DeleteRangeRequest(key: bytes(key)).logText == "key:\(text)")
    }

    @Test func invalidUTF8IsEscaped() {
        #expect(
            DeleteRangeRequest(key: [0xFF, 0x61, 0xC3, 0xE2, 0x82]).logText
                == #"key:"\xffa\xc3\xe2\x82""#)
    }

    @Test func anEntryStartsWithItsHeader() {
        let header = RequestHeader(id: 12, username: "u", authRevision: 3)
        let grant = InternalRaftRequest(
            header: header, payload: .leaseGrant(LeaseGrantRequest(ttlSeconds: 60, id: 0xAB)))
        #expect(
            grant.logText
                == #"header:<ID:12 username:"u" auth_revision:3> "#
                + "lease_grant:<ttl:60-second id:00000000000000ab>")
    }

    private func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }
}
