import Disk
import SwiftProtobuf
import Testing

@testable import EtcdAPI

@Suite("Codecs compared with the generated messages")
struct RoundTripTests {
    /// All codecs with a generated counterpart: those whose encoding is canonical, and those that
    /// encode zeros explicitly.
    static let canonical: [any Counterpart.Type] = [
        KeyValue.self, Event.self, ResponseHeader.self, RangeRequest.self, PutRequest.self,
        DeleteRangeRequest.self, Compare.self, RequestOp.self, TxnRequest.self,
        CompactionRequest.self, LeaseGrantRequest.self, LeaseRevokeRequest.self,
        LeaseKeepAliveRequest.self, WatchRequest.self, WatchCreateRequest.self,
        RequestHeader.self, InternalRaftRequest.self,
    ]
    static let explicit: [any Counterpart.Type] = [
        RaftEntry.self, RaftHardState.self, RaftConfState.self, RaftConfChange.self,
        RaftConfChangeV2.self, RaftSnapshot.self, RaftMessage.self, LogRecord.self,
        LogSnapshotRecord.self, SnapshotFile.self, LogMetadata.self,
    ]

    @Test("decode what the generated messages encode, and encode what they decode")
    func agreeWithGenerated() throws {
        for type in Self.canonical { try agree(type, seeds: 150, canonical: true) }
        for type in Self.explicit { try agree(type, seeds: 150, canonical: false) }
    }

    private func agree<T: Counterpart>(_ type: T.Type, seeds: UInt64, canonical: Bool) throws {
        for seed in 0..<seeds {
            let context: Comment = "\(type), seed \(seed)"
            var random = SeededGenerator(seed: seed)
            let generated = T.random(&random)
            let bytes: [UInt8] = try generated.serializedBytes()
            let expected = T(generated)
            let decoded = try T(decoding: bytes)
            #expect(decoded == expected, context)
            let copied = try bytes.withUnsafeBytes { try T(decoding: $0) }
            #expect(copied == expected, context)
            let encoded = expected.encoded()
            if canonical { #expect(encoded == bytes, context) }
            #expect(T(try T.Generated(serializedBytes: encoded)) == expected, context)
        }
    }

    @Test("truncated input is an error or a shorter message, never a trap")
    func truncations() throws {
        for type in Self.canonical + Self.explicit { try truncate(type) }
    }

    private func truncate<T: Counterpart>(_ type: T.Type) throws {
        for seed in 0..<25 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let bytes: [UInt8] = try T.random(&random).serializedBytes()
            for length in bytes.indices {
                let generated = try? T.Generated(serializedBytes: Array(bytes[..<length]))
                let decoded = try? T(decoding: bytes[..<length])
                if type != InternalRaftRequest.self {
                    #expect((generated == nil) == (decoded == nil), "\(type) \(seed) \(length)")
                }
            }
        }
    }

    @Test("input with changed bytes is accepted or rejected, never a trap")
    func mutations() throws {
        for type in Self.canonical + Self.explicit { try mutate(type) }
    }

    private func mutate<T: Counterpart>(_ type: T.Type) throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            var bytes: [UInt8] = try T.random(&random).serializedBytes()
            guard !bytes.isEmpty else { continue }
            for _ in 0...random.next() % 3 {
                let offset = Int(random.next() % UInt64(bytes.count))
                bytes[offset] = UInt8(truncatingIfNeeded: random.next())
            }
            guard let decoded = try? T(decoding: bytes) else { continue }
            #expect(try T(decoding: decoded.encoded()) == decoded, "\(type) \(bytes)")
        }
    }

    @Test("the view of a stored pair has the same fields and bytes as the pair")
    func keyValueView() throws {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let bytes: [UInt8] = try KeyValue.random(&random).serializedBytes()
            let keyValue = try KeyValue(decoding: bytes)
            try bytes.withUnsafeBytes { memory in
                let view = try KeyValueView(decoding: memory)
                #expect([UInt8](view.key) == [UInt8](keyValue.key), "seed \(seed)")
                #expect([UInt8](view.value) == [UInt8](keyValue.value), "seed \(seed)")
                #expect(view.encoded() == bytes, "seed \(seed)")
            }
        }
    }
}
