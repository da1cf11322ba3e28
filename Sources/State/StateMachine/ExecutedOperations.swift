/// The operations on the store that a request has executed, those of transactions included.
///
/// Ranges that a member skips, because no caller waits for the response, do not count, as in etcd's
/// metrics.
package struct ExecutedOperations: Equatable, Sendable {
    package var puts = 0
    package var deletes = 0
    package var ranges = 0

    package init(puts: Int = 0, deletes: Int = 0, ranges: Int = 0) {
        self.puts = puts
        self.deletes = deletes
        self.ranges = ranges
    }

    package var total: Int { puts + deletes + ranges }

    package static func += (left: inout Self, right: Self) {
        left.puts += right.puts
        left.deletes += right.deletes
        left.ranges += right.ranges
    }
}
