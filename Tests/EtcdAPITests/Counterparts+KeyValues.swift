import Disk
import FoundationEssentials
import SwiftProtobuf

@testable import EtcdAPI

/// A hand-written message that can be created field by field from its generated counterpart.
protocol Counterpart: WireMessage, Equatable {
    associatedtype Generated: SwiftProtobuf.Message

    init(_ generated: Generated)
    static func random(_ random: inout SeededGenerator) -> Generated
}

extension SeededGenerator {
    mutating func data() -> Data { Data(bytes()) }
}

func slice(_ data: Data) -> ArraySlice<UInt8> { [UInt8](data)[...] }

extension KeyValue: Counterpart {
    init(_ from: Mvccpb_KeyValue) {
        self.init(
            key: slice(from.key), createRevision: from.createRevision,
            modRevision: from.modRevision, version: from.version, value: slice(from.value),
            lease: from.lease)
    }

    static func random(_ random: inout SeededGenerator) -> Mvccpb_KeyValue {
        .with {
            $0.key = random.data()
            $0.createRevision = random.int64()
            $0.modRevision = random.int64()
            $0.version = random.int64()
            $0.value = random.data()
            $0.lease = random.int64()
        }
    }
}

extension Event: Counterpart {
    init(_ from: Mvccpb_Event) {
        self.init(
            type: EventType(rawValue: Int32(from.type.rawValue)),
            keyValue: from.hasKv ? KeyValue(from.kv) : nil,
            previous: from.hasPrevKv ? KeyValue(from.prevKv) : nil)
    }

    static func random(_ random: inout SeededGenerator) -> Mvccpb_Event {
        .with {
            $0.type = random.flip() ? .put : .delete
            if random.flip() { $0.kv = KeyValue.random(&random) }
            if random.flip() { $0.prevKv = KeyValue.random(&random) }
        }
    }
}

extension ResponseHeader: Counterpart {
    init(_ from: Etcdserverpb_ResponseHeader) {
        self.init(
            clusterID: from.clusterID, memberID: from.memberID, revision: from.revision,
            raftTerm: from.raftTerm)
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_ResponseHeader {
        .with {
            $0.clusterID = random.uint64()
            $0.memberID = random.uint64()
            $0.revision = random.int64()
            $0.raftTerm = random.uint64()
        }
    }
}
