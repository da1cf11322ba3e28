/// The order of a role's permissions after a grant.
///
/// etcd appends the permission and sorts by key with Go's `sort.Sort`, a pattern-defeating
/// quicksort that is not stable. The order of permissions with one key decides which of them a
/// later grant changes, so this follows the same steps with the same constants.
package struct PermissionOrder {
    private static let insertionSortMax = 12
    private static let shiftingMin = 50
    private static let ninthersMin = 50

    private let keys: [[UInt8]]
    /// The indices of the keys in their present order.
    private var order: [Int]

    /// The indices of the keys in ascending order.
    package static func indices(ofSorted keys: [[UInt8]]) -> [Int] {
        var order = PermissionOrder(keys: keys, order: Array(keys.indices))
        order.sort(0..<keys.count, badChoicesMax: bitWidth(of: keys.count))
        return order.order
    }

    /// Sorts permissions by key.
    static func sorted(_ permissions: [AuthPermission]) -> [AuthPermission] {
        indices(ofSorted: permissions.map(\.key)).map { permissions[$0] }
    }

    private static func bitWidth(of count: Int) -> Int { Int.bitWidth - count.leadingZeroBitCount }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        keys[order[left]].lexicographicallyPrecedes(keys[order[right]])
    }

    private mutating func swap(_ left: Int, _ right: Int) { order.swapAt(left, right) }

    private mutating func sort(_ range: Range<Int>, badChoicesMax: Int) {
        var (range, badChoicesMax) = (range, badChoicesMax)
        var (wasBalanced, wasPartitioned) = (true, true)
        while range.count > Self.insertionSortMax {
            guard badChoicesMax > 0 else { return heapSort(range) }
            if !wasBalanced {
                breakPatterns(range)
                badChoicesMax -= 1
            }
            var (pivot, hint) = choosePivot(range)
            if hint == .decreasing {
                order[range].reverse()
                pivot = range.upperBound - 1 - (pivot - range.lowerBound)
                hint = .increasing
            }
            if wasBalanced, wasPartitioned, hint == .increasing, finishSorted(range) { return }
            if range.lowerBound > 0, !precedes(range.lowerBound - 1, pivot) {
                // Many are equal: those equal to the pivot are final.
                range = partitionEqual(range, pivot)..<range.upperBound
                continue
            }
            let middle: Int
            (middle, wasPartitioned) = partition(range, pivot)
            let left = range.lowerBound..<middle
            let right = middle + 1..<range.upperBound
            let smaller = min(left.count, right.count + 1)
            wasBalanced = smaller >= range.count / 8
            if left.count < right.count + 1 {
                sort(left, badChoicesMax: badChoicesMax)
                range = right
            } else {
                sort(right, badChoicesMax: badChoicesMax)
                range = left
            }
        }
        insertionSort(range)
    }

    private mutating func insertionSort(_ range: Range<Int>) {
        for next in range.dropFirst() {
            var index = next
            while index > range.lowerBound, precedes(index, index - 1) {
                swap(index, index - 1)
                index -= 1
            }
        }
    }

    /// Moves a few elements into their order.
    ///
    /// - Returns: whether all are in order.
    private mutating func finishSorted(_ range: Range<Int>) -> Bool {
        var index = range.lowerBound + 1
        for _ in 0..<5 {
            while index < range.upperBound, !precedes(index, index - 1) { index += 1 }
            if index == range.upperBound { return true }
            guard range.count >= Self.shiftingMin else { return false }
            swap(index, index - 1)
            if index - range.lowerBound >= 2 {
                var lower = index - 1
                while lower >= 1, precedes(lower, lower - 1) {
                    swap(lower, lower - 1)
                    lower -= 1
                }
            }
            if range.upperBound - index >= 2 {
                var upper = index + 1
                while upper < range.upperBound, precedes(upper, upper - 1) {
                    swap(upper, upper - 1)
                    upper += 1
                }
            }
        }
        return false
    }
}

/// Pivots and partitions.
extension PermissionOrder {
    private enum Hint { case unknown, increasing, decreasing }

    private func choosePivot(_ range: Range<Int>) -> (pivot: Int, hint: Hint) {
        let quarter = range.count / 4
        var candidates = (1...3).map { range.lowerBound + quarter * $0 }
        var swaps = 0
        if range.count >= Self.ninthersMin {
            candidates = candidates.map { median([$0 - 1, $0, $0 + 1], &swaps) }
        }
        let pivot = median(candidates, &swaps)
        switch swaps {
        case 0: return (pivot, .increasing)
        case 12: return (pivot, .decreasing)
        default: return (pivot, .unknown)
        }
    }

    private func median(_ indices: [Int], _ swaps: inout Int) -> Int {
        var indices = indices
        for left in [0, 1, 0] where precedes(indices[left + 1], indices[left]) {
            indices.swapAt(left, left + 1)
            swaps += 1
        }
        return indices[1]
    }

    /// Moves those below the pivot before it.
    private mutating func partition(
        _ range: Range<Int>, _ pivot: Int
    ) -> (middle: Int, wasPartitioned: Bool) {
        let first = range.lowerBound
        swap(first, pivot)
        var (low, high) = (first + 1, range.upperBound - 1)
        var swaps = 0
        while true {
            while low <= high, precedes(low, first) { low += 1 }
            while low <= high, !precedes(high, first) { high -= 1 }
            if low > high { break }
            swap(low, high)
            swaps += 1
            low += 1
            high -= 1
        }
        swap(high, first)
        return (high, swaps == 0)
    }

    /// Moves those equal to the pivot to the front.
    ///
    /// - Returns: the index of the first one above the pivot.
    private mutating func partitionEqual(_ range: Range<Int>, _ pivot: Int) -> Int {
        let first = range.lowerBound
        swap(first, pivot)
        var (low, high) = (first + 1, range.upperBound - 1)
        while true {
            while low <= high, !precedes(first, low) { low += 1 }
            while low <= high, precedes(first, high) { high -= 1 }
            if low > high { return low }
            swap(low, high)
            low += 1
            high -= 1
        }
    }

    /// Swaps three elements in the middle with others, chosen by a generator that starts from the
    /// count.
    private mutating func breakPatterns(_ range: Range<Int>) {
        var random = UInt64(range.count)
        let mask = UInt64(1) << UInt64(Self.bitWidth(of: range.count)) - 1
        let middle = range.lowerBound + range.count / 4 * 2
        for index in middle - 1...middle + 1 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            var other = Int(random & mask)
            if other >= range.count { other -= range.count }
            swap(index, range.lowerBound + other)
        }
    }

    private mutating func heapSort(_ range: Range<Int>) {
        for root in (0...(range.count - 1) / 2).reversed() {
            siftDown(root, range.count, range.lowerBound)
        }
        for last in range.indices.reversed() {
            swap(range.lowerBound, last)
            siftDown(0, last - range.lowerBound, range.lowerBound)
        }
    }

    private mutating func siftDown(_ root: Int, _ count: Int, _ first: Int) {
        var root = root
        while 2 * root + 1 < count {
            var child = 2 * root + 1
            if child + 1 < count, precedes(first + child, first + child + 1) { child += 1 }
            guard precedes(first + root, first + child) else { return }
            swap(first + root, first + child)
            root = child
        }
    }
}
