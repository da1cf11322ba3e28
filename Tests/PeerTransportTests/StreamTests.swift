import EtcdAPI
import Identifiers
import NIOCore
import PeerTransport
import Testing

/// Recorded bytes between members of etcd 3.7.1, and the rules of the streams.
@Suite("Peer streams")
struct StreamTests {
    private static let leader: UInt64 = 0xBD08_9DC8_3628_8BF4
    private static let follower: UInt64 = 0xFCEF_5A85_DB9F_A8DD

    private static let first = RaftMessage(
        type: .append, to: follower, from: leader, term: 3, logTerm: 3, index: 145,
        entries: [RaftEntry(term: 3, index: 146, data: [UInt8](repeating: 7, count: 25))],
        commit: 145)

    private static func continuation(
        index: UInt64, entries: [RaftEntry], commit: UInt64
    ) -> RaftMessage {
        RaftMessage(
            type: .append, to: follower, from: leader, term: 3, logTerm: 3, index: index,
            entries: entries, commit: commit)
    }

    private static func frames(
        _ bytes: [UInt8], chunkBytes: Int
    ) throws -> [PeerFrame] {
        var decoder = AppendStreamDecoder(local: MemberID(follower), remote: MemberID(leader))
        var frames: [PeerFrame] = []
        for start in stride(from: 0, to: bytes.count, by: chunkBytes) {
            bytes[start..<min(start + chunkBytes, bytes.count)].withUnsafeBytes {
                decoder.receive($0)
            }
            while let frame = try decoder.next() { frames.append(frame) }
        }
        return frames
    }

    @Test func encodesAppendsLikeEtcd37() {
        var encoder = AppendStreamEncoder()
        var output = ByteBuffer()
        encoder.appendLinkHeartbeat(to: &output)
        #expect(output.bytes == [0])
        output = ByteBuffer()
        encoder.append(Self.first, to: &output)
        #expect(output.bytes.prefix(9) == [2, 0, 0, 0, 0, 0, 0, 0, 0x44])
        #expect(output.readableBytes == 9 + 0x44)
        output = ByteBuffer()
        encoder.append(Self.continuation(index: 146, entries: [], commit: 146), to: &output)
        #expect(output.bytes == [1, 0, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 0x92])
        output = ByteBuffer()
        let entry = RaftEntry(term: 3, index: 147, data: [UInt8](repeating: 7, count: 25))
        encoder.append(Self.continuation(index: 146, entries: [entry], commit: 146), to: &output)
        #expect(entry.encodedSize == 0x20)
        #expect(
            output.bytes == [1, 0, 0, 0, 0, 0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 0, 0x20]
                + entry.encoded()
                + [0, 0, 0, 0, 0, 0, 0, 0x92])
        output = ByteBuffer()
        encoder.append(Self.continuation(index: 147, entries: [], commit: 147), to: &output)
        #expect(output.bytes == [1, 0, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 0x93])
    }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 64, 1000])
    func decodesChunksOfAnySize(chunkBytes: Int) throws {
        let entries = (147...149).map { RaftEntry(term: 3, index: $0, data: [1, 2, 3]) }
        let messages = [
            Self.first, Self.continuation(index: 146, entries: [], commit: 146),
            Self.continuation(index: 146, entries: entries, commit: 146),
            Self.continuation(index: 149, entries: [], commit: 149),
        ]
        var encoder = AppendStreamEncoder()
        var output = ByteBuffer()
        for message in messages { encoder.append(message, to: &output) }
        encoder.appendLinkHeartbeat(to: &output)
        let expected = messages.map { PeerFrame.message($0) } + [.linkHeartbeat]
        #expect(try Self.frames(output.bytes, chunkBytes: chunkBytes) == expected)
    }

    @Test func messageOfAnotherTermOrIndexIsSentInFull() {
        var encoder = AppendStreamEncoder()
        var output = ByteBuffer()
        encoder.append(Self.first, to: &output)
        for message in [
            Self.continuation(index: 145, entries: [], commit: 146),
            RaftMessage(
                type: .append, to: Self.follower, from: Self.leader, term: 4, logTerm: 3,
                index: 145, commit: 146),
        ] {
            output = ByteBuffer()
            encoder.append(message, to: &output)
            #expect(output.bytes.first == 2)
        }
    }

    @Test func unknownFrameTypesAreRejected() {
        #expect(throws: PeerWireError.unknownFrame(kind: 3)) {
            try Self.frames([3], chunkBytes: 1)
        }
    }

    @Test func lengthsAboveTheLimitsAreRejected() {
        let tooLarge: [UInt8] = [0, 0, 0, 0, 0x20, 0, 0, 1]
        let limit = PeerWireError.limitExceeded(
            announcedBytes: 536_870_913, bytesMax: 536_870_912)
        #expect(throws: limit) { try Self.frames([2] + tooLarge, chunkBytes: 9) }
        #expect(throws: limit) {
            try Self.frames([1, 0, 0, 0, 0, 0, 0, 0, 1] + tooLarge, chunkBytes: 9)
        }
        #expect(throws: PeerWireError.tooManyEntries(announced: .max)) {
            try Self.frames([1] + [UInt8](repeating: 0xFF, count: 8), chunkBytes: 9)
        }
        var messages = MessageStreamDecoder()
        tooLarge.withUnsafeBytes { messages.receive($0) }
        #expect(throws: limit) { try messages.next() }
        var head = SnapshotHeadDecoder()
        let tooLong: [UInt8] = [0, 0, 0, 0, 4, 0, 0, 1]
        #expect(
            throws: PeerWireError.limitExceeded(
                announcedBytes: 67_108_865, bytesMax: 67_108_864)
        ) { _ = try head.receive(ByteBuffer(bytes: tooLong)) }
    }

    @Test func limitAppliesToAllEntriesOfOneMessage() {
        var decoder = AppendStreamDecoder(local: MemberID(1), remote: MemberID(2), bytesMax: 100)
        var bytes: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 60]
        let entry = RaftEntry(term: 3, index: 1, data: [UInt8](repeating: 0, count: 54))
        #expect(entry.encodedSize == 60)
        bytes += entry.encoded() + [0, 0, 0, 0, 0, 0, 0, 60]
        bytes.withUnsafeBytes { decoder.receive($0) }
        #expect(throws: PeerWireError.limitExceeded(announcedBytes: 60, bytesMax: 40)) {
            try decoder.next()
        }
    }

    @Test func messageStreamDistinguishesLinkAndRaftHeartbeats() throws {
        let heartbeat: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 2, 8, 8]
        #expect(MessageStreamEncoder.linkHeartbeat == heartbeat)
        let real = RaftMessage(
            type: .heartbeat, to: Self.follower, from: Self.leader, term: 3, commit: 145)
        var output = ByteBuffer(bytes: heartbeat)
        MessageStreamEncoder.append(real, to: &output)
        #expect(output.bytes[10..<18] == [0, 0, 0, 0, 0, 0, 0, 0x1D])
        #expect(output.bytes[18..<21] == [8, 8, 0x10])
        #expect(output.bytes.suffix(5) == [0x20, 3, 0x40, 0x91, 1])
        var decoder = MessageStreamDecoder()
        var frames: [PeerFrame] = []
        for byte in output.bytes {
            [byte].withUnsafeBytes { decoder.receive($0) }
            while let frame = try decoder.next() { frames.append(frame) }
        }
        #expect(frames == [.linkHeartbeat, .message(real)])
    }

    @Test func malformedMessagesAreRejected() {
        var decoder = MessageStreamDecoder()
        let bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1, 8]
        bytes.withUnsafeBytes { decoder.receive($0) }
        #expect(throws: PeerWireError.self) { try decoder.next() }
    }

    @Test(arguments: [1, 5, 4096])
    func snapshotHeadEndsBeforeItsDatabase(chunkBytes: Int) throws {
        let snapshot = RaftSnapshot(
            data: Array("{}".utf8),
            metadata: RaftSnapshotMetadata(
                confState: RaftConfState(voters: [1, 2]), index: 140, term: 2))
        let message = RaftMessage(
            type: .snapshot, to: 2, from: 1, term: 2, snapshot: snapshot)
        let database = (0..<100).map { UInt8($0) }
        let body = try #require(SnapshotHead.encode(message)).bytes + database
        var decoder = SnapshotHeadDecoder()
        var rest: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: chunkBytes) {
            let chunk = Array(body[start..<min(start + chunkBytes, body.count)])
            if decoder.isComplete {
                rest += chunk
            } else if let head = try decoder.receive(ByteBuffer(bytes: chunk)) {
                #expect(head.message == message)
                rest = head.database.bytes
            }
        }
        #expect(decoder.isComplete)
        #expect(rest == database)
    }
}

extension ByteBuffer {
    fileprivate var bytes: [UInt8] { Array(readableBytesView) }
}
