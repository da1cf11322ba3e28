import Identifiers

/// Limits on the in-flight appends of one follower.
struct InflightLimits {
    var messagesMax: Int
    var bytesMax: Int
}

/// Appends sent to a follower and not yet acknowledged, oldest first.
struct Inflights: Equatable, Sendable {
    private struct Append: Equatable, Sendable {
        var last: LogIndex
        var bytes: Int
    }

    private var appends: [Append] = []
    /// Number of freed appends at the front that are not yet removed from the array.
    private var freed = 0
    private var bytes = 0

    var count: Int {
        appends.count - freed
    }

    func isFull(_ limits: InflightLimits) -> Bool {
        count >= limits.messagesMax || bytes >= limits.bytesMax
    }

    mutating func append(last: LogIndex, bytes added: Int) {
        appends.append(Append(last: last, bytes: added))
        bytes += added
    }

    /// Frees the appends whose last entry is at or before `index`.
    mutating func removeThrough(_ index: LogIndex) {
        while freed < appends.count, appends[freed].last <= index {
            bytes -= appends[freed].bytes
            freed += 1
        }
        if freed == appends.count {
            removeAll()
        } else if freed >= 64, freed * 2 >= appends.count {
            appends.removeFirst(freed)
            freed = 0
        }
    }

    mutating func removeAll() {
        appends.removeAll(keepingCapacity: true)
        freed = 0
        bytes = 0
    }
}
