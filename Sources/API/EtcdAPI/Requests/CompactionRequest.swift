/// The request of KV.Compact: removes the history before a revision.
package struct CompactionRequest: WireMessage, Equatable {
    package var revision: Int64
    /// Whether to respond only after the space has been freed in the file.
    package var physical: Bool

    package init() {
        self.init(revision: 0)
    }

    package init(revision: Int64, physical: Bool = false) {
        self.revision = revision
        self.physical = physical
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): revision = try reader.int64()
            case .varint(2): physical = try reader.bool()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.int64(revision, field: 1)
            + WireSize.bool(physical, field: 2)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendInt64(revision, field: 1)
        writer.appendBool(physical, field: 2)
    }
}
