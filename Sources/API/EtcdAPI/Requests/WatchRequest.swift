/// One request on a watch stream.
package enum WatchRequest: WireMessage, Equatable {
    /// No request known to this version; etcd ignores it.
    case none
    case create(WatchCreateRequest)
    case cancel(WatchCancelRequest)
    case progress

    package init() {
        self = .none
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1):
                var request = WatchCreateRequest()
                if case .create(let earlier) = self { request = earlier }
                self = .none
                try reader.message(into: &request)
                self = .create(request)
            case .bytes(2):
                var request = WatchCancelRequest()
                if case .cancel(let earlier) = self { request = earlier }
                try reader.message(into: &request)
                self = .cancel(request)
            case .bytes(3):
                let _: WatchProgressRequest = try reader.message()
                self = .progress
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        switch self {
        case .none: 0
        case .create(let request): WireSize.message(request, field: 1)
        case .cancel(let request): WireSize.message(request, field: 2)
        case .progress: WireSize.explicitBytes(0, field: 3)
        }
    }

    package func encode(into writer: inout WireWriter) {
        switch self {
        case .none: break
        case .create(let request): writer.appendMessage(request, field: 1)
        case .cancel(let request): writer.appendMessage(request, field: 2)
        case .progress: writer.appendLength(0, field: 3)
        }
    }
}

/// Requests the progress of a watch stream; it has no fields.
struct WatchProgressRequest: WireMessage, Equatable {
    mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() { try reader.skip(tag) }
    }

    var encodedSize: Int { 0 }

    func encode(into writer: inout WireWriter) {}
}
