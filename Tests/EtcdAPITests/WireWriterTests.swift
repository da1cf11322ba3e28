import Testing

@testable import EtcdAPI

@Suite("Writer")
struct WireWriterTests {
    @Test("sizes of varints equal the written bytes")
    func varintSizes() {
        for bits in 0...64 {
            for offset in -1...1 {
                let power = bits == 64 ? UInt64.max : 1 << UInt64(bits)
                let value = power &+ UInt64(bitPattern: Int64(offset))
                var writer = WireWriter(capacity: 0)
                writer.appendVarint(value)
                #expect(writer.count == WireSize.varint(value), "\(value)")
                var reader = writer.written.withUnsafeBytes { Array($0) }[...]
                #expect(decodeVarint(&reader) == value)
            }
        }
    }

    private func decodeVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = bytes.popFirst() {
            value |= UInt64(byte & 0x7F) << shift
            shift += 7
        }
        return value
    }

    @Test("its own memory grows")
    func grows() throws {
        let request = PutRequest(key: [1], value: ArraySlice(repeating: 7, count: 5000))
        var writer = WireWriter(capacity: 1)
        request.encode(into: &writer)
        #expect(writer.written == request.encoded())
    }

    @Test("it writes to the caller's memory")
    func intoMemory() {
        let request = PutRequest(key: [1], value: [2], lease: 300)
        var bytes = [UInt8](repeating: 0xEE, count: 64)
        let count = bytes.withUnsafeMutableBytes { memory in
            var writer = WireWriter(into: memory)
            request.encode(into: &writer)
            return writer.count
        }
        #expect(Array(bytes[..<count]) == request.encoded())
        #expect(bytes[count] == 0xEE)
    }

    @Test("writing past the caller's memory stops the program")
    func overflow() async {
        await #expect(processExitsWith: .failure) {
            withUnsafeTemporaryAllocation(byteCount: 2, alignment: 1) { memory in
                var writer = WireWriter(into: memory)
                writer.append([1, 2, 3])
            }
        }
    }
}
