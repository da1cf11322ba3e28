import SwiftProtobuf
import Testing

@testable import EtcdAPI

@Suite("Codecs against the generated messages")
struct RoundTripTests {
    /// Every twin: those whose encoding is canonical, and those that write zeros of their own.
    static let canonical: [any Twin.Type] = [
        KeyValue.self, Event.self, ResponseHeader.self, RangeRequest.self, PutRequest.self,
        DeleteRangeRequest.self, Compare.self, RequestOp.self, TxnRequest.self,
        CompactionRequest.self, LeaseGrantRequest.self, LeaseRevokeRequest.self,
        LeaseKeepAliveRequest.self, WatchRequest.self, WatchCreateRequest.self,
        RequestHeader.self, InternalRaftRequest.self,
    ]
    static let explicit: [any Twin.Type] = [
        RaftEntry.self, RaftHardState.self, RaftConfState.self, RaftConfChange.self,
        RaftConfChangeV2.self, RaftSnapshot.self, RaftMessage.self, LogRecord.self,
        LogSnapshotRecord.self, SnapshotFile.self, LogMetadata.self,
    ]

    @Test("decode what the generated message encodes, and encode what it decodes")
    func agreeWithGenerated() throws {
        for type in Self.canonical { try agree(type, rounds: 150, canonical: true) }
        for type in Self.explicit { try agree(type, rounds: 150, canonical: false) }
    }

    private func agree<T: Twin>(_ type: T.Type, rounds: UInt64, canonical: Bool) throws {
        for seed in 0..<rounds {
            let context: Comment = "\(type), seed \(seed)"
            var random = SeededRandom(seed: seed)
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

    @Test("an input cut anywhere is an error or a shorter message, never a trap")
    func truncations() throws {
        for type in Self.canonical + Self.explicit { try truncate(type) }
    }

    private func truncate<T: Twin>(_ type: T.Type) throws {
        for seed in 0..<25 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
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

    @Test("an input with changed bytes is accepted or refused, never a trap")
    func mutations() throws {
        for type in Self.canonical + Self.explicit { try mutate(type) }
    }

    private func mutate<T: Twin>(_ type: T.Type) throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<200 {
            var bytes: [UInt8] = try T.random(&random).serializedBytes()
            guard !bytes.isEmpty else { continue }
            for _ in 0...random.next() % 3 {
                let place = Int(random.next() % UInt64(bytes.count))
                bytes[place] = UInt8(truncatingIfNeeded: random.next())
            }
            guard let decoded = try? T(decoding: bytes) else { continue }
            #expect(try T(decoding: decoded.encoded()) == decoded, "\(type) \(bytes)")
        }
    }

    @Test("the view of a stored pair has the same fields and bytes as the pair")
    func keyValueView() throws {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
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
