/// Limits of one follower's window of unanswered appends.
struct InflightLimits {
    var messages: Int
    var bytes: Int
}

/// Appends sent to a follower and not yet answered, oldest first.
struct InflightWindow: Equatable, Sendable {
    private struct Append: Equatable, Sendable {
        var last: LogIndex
        var bytes: Int
    }

    private var appends: [Append] = []
    /// Number of answered appends at the front that are not yet cut off.
    private var answered = 0
    private var bytes = 0

    var count: Int {
        appends.count - answered
    }

    func isFull(_ limits: InflightLimits) -> Bool {
        count >= limits.messages || bytes >= limits.bytes
    }

    mutating func append(last: LogIndex, bytes added: Int) {
        appends.append(Append(last: last, bytes: added))
        bytes += added
    }

    /// Frees the appends whose last entry is at or before `index`.
    mutating func removeThrough(_ index: LogIndex) {
        while answered < appends.count, appends[answered].last <= index {
            bytes -= appends[answered].bytes
            answered += 1
        }
        if answered == appends.count {
            removeAll()
        } else if answered >= 64, answered * 2 >= appends.count {
            appends.removeFirst(answered)
            answered = 0
        }
    }

    mutating func removeAll() {
        appends.removeAll(keepingCapacity: true)
        answered = 0
        bytes = 0
    }
}
