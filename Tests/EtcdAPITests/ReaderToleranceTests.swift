import Testing

@testable import EtcdAPI

@Suite("Decoders accept and reject the same input as Go's protobuf")
struct ReaderToleranceTests {
    @Test("unknown fields of every wire type are skipped, including nested groups")
    func unknownFields() throws {
        let bytes: [UInt8] =
            [0x0A, 1, 0x61]  // key "a"
            + [0xA0, 0x06, 5]  // field 100, varint
            + [0xA1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8]  // 64 bits
            + [0xA2, 0x06, 2, 9, 9]  // bytes
            + [0xA3, 0x06, 0x0B, 0x10, 1, 0x0C, 0xA4, 0x06]  // a group in a group
            + [0xA5, 0x06, 1, 2, 3, 4]  // 32 bits
            + [0x18, 7]  // lease 7
        #expect(try PutRequest(decoding: bytes) == PutRequest(key: [0x61], lease: 7))
    }

    @Test("a known field with another wire type is an unknown field")
    func otherWireType() throws {
        #expect(try PutRequest(decoding: [0x08, 5, 0x1A, 1, 0x61]) == PutRequest(key: []))
    }

    @Test("the last value of a scalar wins")
    func lastWins() throws {
        let bytes: [UInt8] = [0x0A, 1, 0x61, 0x18, 1, 0x0A, 1, 0x62, 0x18, 2]
        #expect(try PutRequest(decoding: bytes) == PutRequest(key: [0x62], lease: 2))
    }

    @Test("the last member of a oneof wins, repeated occurrences of one member merge")
    func oneof() throws {
        let bytes: [UInt8] = [0x12, 3, 0x0A, 1, 0x61, 0x12, 2, 0x18, 9]
        #expect(try RequestOp(decoding: bytes) == .put(PutRequest(key: [0x61], lease: 9)))
        #expect(try RequestOp(decoding: bytes + [0x1A, 0]) == .deleteRange(.init(key: [])))
        let compare = try Compare(decoding: [0x20, 1, 0x3A, 0])
        #expect(compare.operand == .value([]))
    }

    @Test("repeated occurrences of a singular message merge")
    func mergedMessages() throws {
        let bytes: [UInt8] = [0x12, 3, 0x0A, 1, 0x61, 0x12, 2, 0x18, 9]
        let event = try Event(decoding: bytes)
        #expect(event.keyValue == KeyValue(key: [0x61], modRevision: 9))
    }

    @Test("repeated scalars may be packed or not")
    func packedScalars() throws {
        let one = try RaftConfState(decoding: [0x08, 1, 0x08, 2, 0x28, 1])
        let packed = try RaftConfState(decoding: [0x0A, 2, 1, 2, 0x28, 1])
        #expect(one == RaftConfState(voters: [1, 2], autoLeave: true))
        #expect(packed == one)
        #expect(throws: WireError.truncated) { try RaftConfState(decoding: [0x0A, 2, 1, 0x82]) }
        let filters = try WatchCreateRequest(decoding: [0x28, 1, 0x2A, 1, 0])
        #expect(filters.filters == [.noDelete, .noPut])
    }

    @Test("varints may be longer than necessary, up to ten bytes and 64 bits")
    func varints() throws {
        let long: [UInt8] = [0x18, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]
        #expect(try PutRequest(decoding: long).lease == 1)
        let longTag: [UInt8] = [0x98, 0x80, 0x00, 5]
        #expect(try PutRequest(decoding: longTag).lease == 5)
        let nines = [UInt8](repeating: 0xFF, count: 9)
        #expect(try PutRequest(decoding: [0x18] + nines + [1]).lease == -1)
        #expect(throws: WireError.malformedVarint) {
            try PutRequest(decoding: [0x18] + nines + [2])
        }
        #expect(throws: WireError.malformedVarint) {
            try PutRequest(decoding: [0x18] + nines + [0x81, 0])
        }
        #expect(throws: WireError.truncated) { try PutRequest(decoding: [0x18] + nines) }
        #expect(try PutRequest(decoding: [0x20, 0x80, 2]).prevKV)
    }

    @Test("malformed tags, lengths and groups are errors")
    func malformed() {
        #expect(throws: WireError.malformedTag) { try PutRequest(decoding: [0x00, 1]) }
        #expect(throws: WireError.malformedTag) { try PutRequest(decoding: [0x0E]) }
        #expect(throws: WireError.malformedTag) {
            try PutRequest(decoding: [0x80, 0x80, 0x80, 0x80, 0x10, 1])
        }
        #expect(throws: WireError.unmatchedGroup) { try PutRequest(decoding: [0x0C]) }
        #expect(throws: WireError.unmatchedGroup) { try PutRequest(decoding: [0x53, 0x5C]) }
        #expect(throws: WireError.truncated) { try PutRequest(decoding: [0x53, 0x08, 1]) }
        #expect(throws: WireError.truncated) { try PutRequest(decoding: [0x0A, 5, 1]) }
        let huge: [UInt8] = [0x0A] + [UInt8](repeating: 0xFF, count: 9) + [1]
        #expect(throws: WireError.truncated) { try PutRequest(decoding: huge) }
        #expect(throws: WireError.truncated) { try PutRequest(decoding: [0x5D, 1, 2, 3]) }
    }

    @Test("invalid UTF-8 in a string is an error, bytes may have any value")
    func text() throws {
        #expect(throws: WireError.malformedText) { try RequestHeader(decoding: [0x12, 1, 0xFF]) }
        #expect(try PutRequest(decoding: [0x0A, 1, 0xFF]).key == [0xFF])
    }

    @Test("nesting of transactions is limited, and the entry of the deepest one can be decoded")
    func nesting() throws {
        func nested(_ levels: Int) -> [UInt8] {
            var txn = TxnRequest()
            for _ in 0..<levels { txn = TxnRequest(compare: [], success: [.txn(txn)]) }
            return txn.encoded()
        }
        let deepest = nested(256)
        #expect(throws: Never.self) { try TxnRequest(decoding: deepest) }
        #expect(throws: WireError.nestedTooDeeply) { try TxnRequest(decoding: nested(257)) }
        let entry = deepest.withUnsafeBytes {
            InternalRaftRequest.wrap(id: 1, field: InternalRaftRequest.Field.txn, payload: $0)
        }
        #expect(throws: Never.self) { try InternalRaftRequest(decoding: entry) }
        let groups = [UInt8](repeating: 0x53, count: 100_000)
        #expect(throws: WireError.nestedTooDeeply) { try TxnRequest(decoding: groups) }
    }

    @Test("bytes fields of a slice share its memory and its indices")
    func slices() throws {
        let whole: [UInt8] = [9, 9, 9, 0x0A, 2, 0x61, 0x62, 9]
        let request = try PutRequest(decoding: whole[3..<7])
        #expect(request.key == [0x61, 0x62])
        #expect(request.key.startIndex == 5)
    }
}
