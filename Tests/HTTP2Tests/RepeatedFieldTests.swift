import GRPC
import Testing

/// A header block whose fields enter the dynamic table of HPACK, at index 62 and above, the last
/// field first.
private func enteringBlock(_ fields: [(String, String)]) -> [UInt8] {
    var block: [UInt8] = []
    for (name, value) in fields {
        block.append(0x40)
        for text in [name, value] {
            block.append(UInt8(text.utf8.count))
            block.append(contentsOf: text.utf8)
        }
    }
    return block
}

/// A header block of fields that are in the table.
private func indexedBlock(_ indexes: [UInt8]) -> [UInt8] { indexes.map { $0 | 0x80 } }

/// Fields that a client sends by their index in the table.
@Suite struct RepeatedFieldTests {
    private let decoder = HeaderDecoder()
    private let call = [
        (":method", "POST"), (":scheme", "http"), (":path", "/t.T/U"), (":authority", "a:1"),
        ("content-type", "application/grpc"), ("te", "trailers"), ("user-agent", "test"),
    ]
    /// The indexes of the fields of `call` once they are in the table.
    private let indexes: [UInt8] = [68, 67, 66, 65, 64, 63, 62]

    private func open(_ server: RawServer) throws -> RawConnection {
        let connection = try #require(RawConnection(port: server.listener.localAddress?.port ?? 0))
        connection.send(RawConnection.preface + RawFrame.settings.bytes)
        return connection
    }

    /// Makes a call and expects its response.
    private func succeeds(_ connection: RawConnection, stream: UInt32, _ block: [UInt8]) throws {
        connection.send(RawFrame(type: 1, flags: 4, stream: stream, payload: block))
        connection.send(RawFrame(type: 0, flags: 1, stream: stream, payload: [0, 0, 0, 0, 1, 7]))
        let head = try #require(connection.next(type: 1))
        #expect(decoder.fields(head.payload)["content-type"] == "application/grpc")
        #expect(connection.next(type: 0)?.payload == [0, 0, 0, 0, 1, 7])
        let trailers = decoder.fields(try #require(connection.next(type: 1)).payload)
        #expect(trailers["grpc-status"] == "0")
    }

    @Test func theyServeEachCall() async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        try succeeds(connection, stream: 1, enteringBlock(call))
        for stream in [3, 5, 7] as [UInt32] {
            try succeeds(connection, stream: stream, indexedBlock(indexes))
        }
        // The table is emptied; the same fields enter it again, in other buffers.
        let emptied: [UInt8] = [0x20, 0x3F, 0xE1, 0x1F]
        try succeeds(connection, stream: 9, emptied + enteringBlock(call))
        try succeeds(connection, stream: 11, indexedBlock(indexes))
        try await server.stop()
    }

    @Test(
        arguments: [
            // A pseudo-header twice, and one after another field.
            [68, 68, 67, 66, 65, 64, 63, 62], [68, 67, 65, 65, 66, 64, 63, 62],
            [68, 67, 66, 64, 65, 63, 62], [62, 68, 67, 66, 65, 64, 63],
        ] as [[UInt8]])
    func theirOrderIsChecked(order: [UInt8]) async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        try succeeds(connection, stream: 1, enteringBlock(call))
        try succeeds(connection, stream: 3, indexedBlock(indexes))
        let block = indexedBlock(order)
        connection.send(RawFrame(type: 1, flags: 5, stream: 5, payload: block))
        #expect(connection.next(type: 3)?.payload == [0, 0, 0, 1])
        try succeeds(connection, stream: 7, indexedBlock(indexes))
        try await server.stop()
    }

    @Test func aMissingFieldIsMissed() async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        try succeeds(connection, stream: 1, enteringBlock(call))
        let block = indexedBlock(indexes.filter { $0 != 64 })
        connection.send(RawFrame(type: 1, flags: 5, stream: 3, payload: block))
        let head = decoder.fields(try #require(connection.next(type: 1)).payload)
        #expect(head[":status"] == "415")
        try await server.stop()
    }

    @Test func eachRequestHasItsOwnAuthority() async throws {
        let server = try await RawServer.start(requests: { EchoRequests() })
        let connection = try open(server)
        let request = [
            (":method", "GET"), (":scheme", "http"), (":path", "/p"), (":authority", "a:1"),
        ]
        let texts = ["GET /p a:1", "GET /p b:1", "GET /p a:1", "GET /p b:1", "GET /p none"]
        let blocks = [
            enteringBlock(request),
            indexedBlock([65, 64, 63]) + enteringBlock([(":authority", "b:1")]),
            indexedBlock([66, 65, 64, 63]), indexedBlock([66, 65, 64, 62]),
            indexedBlock([66, 65, 64]),
        ]
        for (index, block) in blocks.enumerated() {
            let stream = UInt32(2 * index + 1)
            connection.send(RawFrame(type: 1, flags: 5, stream: stream, payload: block))
            let head = try #require(connection.next(type: 1))
            #expect(decoder.fields(head.payload)[":status"] == "200")
            let data = try #require(connection.next(type: 0))
            #expect(String(decoding: data.payload, as: UTF8.self) == texts[index])
        }
        try await server.stop()
    }
}
