import Testing

@testable import EtcdAPI

/// Bytes recorded on the wire and in the files of etcd 3.7.1.
@Suite("Encodings of etcd 3.7.1")
struct LiteralBytesTests {
    @Test("records at the start of a new log")
    func logRecords() throws {
        #expect(LogRecord(type: .crc, crc: 0).encoded() == [0x08, 0x04, 0x10, 0x00])
        #expect(LogSnapshotRecord(index: 0, term: 0).encoded() == [0x08, 0, 0x10, 0])
        #expect(
            RaftHardState(term: 1, vote: 0, commit: 3).encoded() == [0x08, 1, 0x10, 0, 0x18, 3])
        #expect(LogMetadata(nodeID: 1, clusterID: 0).encoded() == [0x08, 1, 0x10, 0])
        let snapshot = LogSnapshotRecord(
            index: 2, term: 1, confState: RaftConfState(voters: [1, 2], learners: [3]))
        #expect(
            snapshot.encoded()
                == [0x08, 2, 0x10, 1, 0x1A, 8, 0x08, 1, 0x08, 2, 0x10, 3, 0x28, 0])
    }

    @Test("entries: no type if normal, no data in a leader's first one, explicit zeros from 3.6")
    func entries() throws {
        #expect(
            RaftEntry(term: 3, index: 146, data: [7]).encoded()
                == [0x10, 3, 0x18, 0x92, 0x01, 0x22, 1, 7])
        #expect(RaftEntry(term: 2, index: 5).encoded() == [0x10, 2, 0x18, 5])
        let earlier = try RaftEntry(decoding: [0x08, 0, 0x10, 2, 0x18, 5, 0x22, 0])
        #expect(earlier == RaftEntry(term: 2, index: 5))
    }

    @Test("configuration changes: at bootstrap without an ID and with an explicit zero type")
    func configurationChanges() {
        #expect(
            RaftConfChange(type: .addNode, nodeID: 9, context: [0x7B]).encoded()
                == [0x10, 0, 0x18, 9, 0x22, 1, 0x7B])
        #expect(
            RaftConfChange(id: 5, type: .addLearnerNode, nodeID: 9).encoded()
                == [0x08, 5, 0x10, 3, 0x18, 9])
    }

    @Test("heartbeats: only the type on a stream, an explicit commit from a leader")
    func heartbeats() throws {
        #expect(RaftMessage(type: .heartbeat).encoded() == [0x08, 0x08])
        #expect(
            RaftMessage(type: .heartbeat, to: 2, from: 1, term: 2).encoded()
                == [0x08, 0x08, 0x10, 2, 0x18, 1, 0x20, 2, 0x40, 0])
        #expect(
            RaftMessage(type: .heartbeat, to: 2, from: 1, term: 3, commit: 145).encoded()
                == [0x08, 0x08, 0x10, 2, 0x18, 1, 0x20, 3, 0x40, 0x91, 0x01])
    }

    @Test("appends have log term, index and commit; rejections have their hint")
    func appends() {
        let entry = RaftEntry(term: 3, index: 1)
        #expect(
            RaftMessage(type: .append, to: 2, from: 1, term: 3, entries: [entry]).encoded()
                == [0x08, 3, 0x10, 2, 0x18, 1, 0x20, 3, 0x28, 0, 0x30, 0]
                + [0x3A, 4, 0x10, 3, 0x18, 1, 0x40, 0])
        #expect(
            RaftMessage(type: .appendResponse, to: 1, from: 2, term: 3, index: 7, reject: true)
                .encoded()
                == [0x08, 4, 0x10, 1, 0x18, 2, 0x20, 3, 0x28, 0, 0x30, 7, 0x50, 1, 0x58, 0])
    }

    @Test("a snapshot's ConfState always has autoLeave")
    func snapshots() {
        let metadata = RaftSnapshotMetadata(
            confState: RaftConfState(voters: [1]), index: 4, term: 2)
        #expect(
            RaftSnapshot(data: [0x7B], metadata: metadata).encoded()
                == [0x0A, 1, 0x7B, 0x12, 10, 0x0A, 4, 0x08, 1, 0x28, 0, 0x10, 4, 0x18, 2])
    }

    @Test("a request is wrapped unchanged, with the header in the order of field numbers")
    func wrapped() throws {
        let put: [UInt8] = [0x0A, 1, 0x61, 0x12, 1, 0x62, 0xA0, 0x06, 1]
        let entry = put.withUnsafeBytes {
            InternalRaftRequest.wrap(id: 5, field: InternalRaftRequest.Field.put, payload: $0)
        }
        #expect(entry == [0x22, 9] + put + [0xA2, 0x06, 2, 0x08, 5])
        let decoded = try InternalRaftRequest(decoding: entry)
        #expect(decoded.header == RequestHeader(id: 5))
        #expect(decoded.payload == .put(PutRequest(key: [0x61], value: [0x62])))

        let role = [UInt8]([0x0A, 1, 0x72]).withUnsafeBytes {
            InternalRaftRequest.wrap(
                id: 5, username: "u", authRevision: 3,
                field: InternalRaftRequest.Field.authRoleAdd, payload: $0)
        }
        #expect(
            role == [0xA2, 0x06, 7, 0x08, 5, 0x12, 1, 0x75, 0x18, 3, 0x82, 0x4B, 3, 0x0A, 1, 0x72])
        #expect(
            try InternalRaftRequest(decoding: role).payload
                == .other(field: 1200, bytes: [0x0A, 1, 0x72]))
    }
}
