/// Cancels one watcher of a watch stream.
package struct WatchCancelRequest: WireMessage, Equatable {
    package var watchID: Int64

    package init() {
        self.init(watchID: 0)
    }

    package init(watchID: Int64) {
        self.watchID = watchID
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): watchID = try reader.int64()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.int64(watchID, field: 1)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendInt64(watchID, field: 1)
    }
}
