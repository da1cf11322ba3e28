/// Creates a watcher: reports changes of a range from a revision on.
package struct WatchCreateRequest: WireMessage, Equatable {
    package var key: ArraySlice<UInt8>
    /// As in a RangeRequest.
    package var rangeEnd: ArraySlice<UInt8>
    /// First revision to report; 0 for future changes only.
    package var startRevision: Int64
    /// Whether to report the revision periodically while there are no events.
    package var progressNotify: Bool
    /// Kinds of events not to report.
    package var filters: [FilterType]
    /// Whether events contain the previous pair.
    package var prevKV: Bool
    /// The requested ID; 0 to let the server choose one.
    package var watchID: Int64
    /// Whether large responses may be split.
    package var fragment: Bool

    /// A kind of event not to report; unknown numbers are preserved.
    package struct FilterType: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        package static var noPut: FilterType { FilterType(rawValue: 0) }
        package static var noDelete: FilterType { FilterType(rawValue: 1) }
    }

    package init() {
        self.init(key: [])
    }

    package init(
        key: ArraySlice<UInt8>, rangeEnd: ArraySlice<UInt8> = [], startRevision: Int64 = 0,
        progressNotify: Bool = false, filters: [FilterType] = [], prevKV: Bool = false,
        watchID: Int64 = 0, fragment: Bool = false
    ) {
        self.key = key
        self.rangeEnd = rangeEnd
        self.startRevision = startRevision
        self.progressNotify = progressNotify
        self.filters = filters
        self.prevKV = prevKV
        self.watchID = watchID
        self.fragment = fragment
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): key = try reader.bytes()
            case .bytes(2): rangeEnd = try reader.bytes()
            case .varint(3): startRevision = try reader.int64()
            case .varint(4): progressNotify = try reader.bool()
            case .bytes(5):
                try reader.packed { value in
                    filters.append(FilterType(rawValue: Int32(truncatingIfNeeded: value)))
                }
            case .varint(5): filters.append(FilterType(rawValue: try reader.int32()))
            case .varint(6): prevKV = try reader.bool()
            case .varint(7): watchID = try reader.int64()
            case .varint(8): fragment = try reader.bool()
            default: try reader.skip(tag)
            }
        }
    }

    private var filtersSize: Int {
        filters.reduce(0) { size, filter in
            size + WireSize.varint(UInt64(bitPattern: Int64(filter.rawValue)))
        }
    }

    package var encodedSize: Int {
        WireSize.bytes(key.count, field: 1)
            + WireSize.bytes(rangeEnd.count, field: 2)
            + WireSize.int64(startRevision, field: 3)
            + WireSize.bool(progressNotify, field: 4)
            + WireSize.bytes(filtersSize, field: 5)
            + WireSize.bool(prevKV, field: 6)
            + WireSize.int64(watchID, field: 7)
            + WireSize.bool(fragment, field: 8)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendBytes(key, field: 1)
        writer.appendBytes(rangeEnd, field: 2)
        writer.appendInt64(startRevision, field: 3)
        writer.appendBool(progressNotify, field: 4)
        if !filters.isEmpty {
            writer.appendLength(filtersSize, field: 5)
            for filter in filters {
                writer.appendVarint(UInt64(bitPattern: Int64(filter.rawValue)))
            }
        }
        writer.appendBool(prevKV, field: 6)
        writer.appendInt64(watchID, field: 7)
        writer.appendBool(fragment, field: 8)
    }
}
