/// The request of KV.Range: reads the keys of a range at one revision.
package struct RangeRequest: WireMessage, Equatable {
    /// First key, or the only one when `rangeEnd` is empty.
    package var key: ArraySlice<UInt8>
    /// First key after the range; one zero byte means the end of the key space.
    package var rangeEnd: ArraySlice<UInt8>
    /// Maximum number of pairs; zero or negative for all.
    package var limit: Int64
    /// Revision to read at; zero or negative for the newest.
    package var revision: Int64
    package var sortOrder: SortOrder
    package var sortTarget: SortTarget
    /// Whether the member may respond from its applied state without ReadIndex.
    package var serializable: Bool
    package var keysOnly: Bool
    package var countOnly: Bool
    package var minModRevision: Int64
    package var maxModRevision: Int64
    package var minCreateRevision: Int64
    package var maxCreateRevision: Int64

    package init() {
        self.init(key: [])
    }

    package init(
        key: ArraySlice<UInt8>, rangeEnd: ArraySlice<UInt8> = [], limit: Int64 = 0,
        revision: Int64 = 0, sortOrder: SortOrder = .init(rawValue: 0),
        sortTarget: SortTarget = .init(rawValue: 0), serializable: Bool = false,
        keysOnly: Bool = false, countOnly: Bool = false, minModRevision: Int64 = 0,
        maxModRevision: Int64 = 0, minCreateRevision: Int64 = 0, maxCreateRevision: Int64 = 0
    ) {
        self.key = key
        self.rangeEnd = rangeEnd
        self.limit = limit
        self.revision = revision
        self.sortOrder = sortOrder
        self.sortTarget = sortTarget
        self.serializable = serializable
        self.keysOnly = keysOnly
        self.countOnly = countOnly
        self.minModRevision = minModRevision
        self.maxModRevision = maxModRevision
        self.minCreateRevision = minCreateRevision
        self.maxCreateRevision = maxCreateRevision
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): key = try reader.bytes()
            case .bytes(2): rangeEnd = try reader.bytes()
            case .varint(3): limit = try reader.int64()
            case .varint(4): revision = try reader.int64()
            case .varint(5): sortOrder = .init(rawValue: try reader.int32())
            case .varint(6): sortTarget = .init(rawValue: try reader.int32())
            case .varint(7): serializable = try reader.bool()
            case .varint(8): keysOnly = try reader.bool()
            case .varint(9): countOnly = try reader.bool()
            case .varint(10): minModRevision = try reader.int64()
            case .varint(11): maxModRevision = try reader.int64()
            case .varint(12): minCreateRevision = try reader.int64()
            case .varint(13): maxCreateRevision = try reader.int64()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.bytes(key.count, field: 1)
            + WireSize.bytes(rangeEnd.count, field: 2)
            + WireSize.int64(limit, field: 3)
            + WireSize.int64(revision, field: 4)
            + WireSize.int64(Int64(sortOrder.rawValue), field: 5)
            + WireSize.int64(Int64(sortTarget.rawValue), field: 6)
            + WireSize.bool(serializable, field: 7)
            + WireSize.bool(keysOnly, field: 8)
            + WireSize.bool(countOnly, field: 9)
            + WireSize.int64(minModRevision, field: 10)
            + WireSize.int64(maxModRevision, field: 11)
            + WireSize.int64(minCreateRevision, field: 12)
            + WireSize.int64(maxCreateRevision, field: 13)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendBytes(key, field: 1)
        writer.appendBytes(rangeEnd, field: 2)
        writer.appendInt64(limit, field: 3)
        writer.appendInt64(revision, field: 4)
        writer.appendInt64(Int64(sortOrder.rawValue), field: 5)
        writer.appendInt64(Int64(sortTarget.rawValue), field: 6)
        writer.appendBool(serializable, field: 7)
        writer.appendBool(keysOnly, field: 8)
        writer.appendBool(countOnly, field: 9)
        writer.appendInt64(minModRevision, field: 10)
        writer.appendInt64(maxModRevision, field: 11)
        writer.appendInt64(minCreateRevision, field: 12)
        writer.appendInt64(maxCreateRevision, field: 13)
    }
}

extension RangeRequest {
    /// Sort order of the response; unknown numbers are preserved.
    package struct SortOrder: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        package static var none: SortOrder { SortOrder(rawValue: 0) }
        package static var ascend: SortOrder { SortOrder(rawValue: 1) }
        package static var descend: SortOrder { SortOrder(rawValue: 2) }
    }
}

extension RangeRequest {
    /// Sort criterion of the response; unknown numbers are preserved.
    package struct SortTarget: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        package static var key: SortTarget { SortTarget(rawValue: 0) }
        package static var version: SortTarget { SortTarget(rawValue: 1) }
        package static var create: SortTarget { SortTarget(rawValue: 2) }
        package static var mod: SortTarget { SortTarget(rawValue: 3) }
        package static var value: SortTarget { SortTarget(rawValue: 4) }
    }
}
