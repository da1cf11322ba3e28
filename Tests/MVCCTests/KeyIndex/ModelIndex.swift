import Disk
import Glibc
import Identifiers
import Testing

@testable import MVCC

/// A trivial key index: all changes of each key, unpacked.
struct ModelIndex {
    struct Change: Equatable {
        var revision: RevisionPair
        /// nil for a deletion.
        var record: KeyRecord?
    }

    private(set) var changes: [[UInt8]: [Change]] = [:]
    private var sortedKeys: [[UInt8]] = []

    mutating func put(_ key: [UInt8], at revision: RevisionPair) -> KeyRecord {
        var record = KeyRecord(
            modified: revision, created: RevisionPair(main: revision.main), version: 1)
        if let previous = changes[key]?.last?.record {
            record.created = previous.created
            record.version = previous.version + 1
        }
        if changes[key] == nil { sortedKeys.insert(key, at: position(of: key)) }
        changes[key, default: []].append(Change(revision: revision, record: record))
        return record
    }

    mutating func tombstone(_ key: [UInt8], at revision: RevisionPair) -> KeyRecord? {
        guard let previous = changes[key]?.last?.record else { return nil }
        changes[key]?.append(Change(revision: revision, record: nil))
        return previous
    }

    func change(of key: [UInt8], at main: Revision) -> Change? {
        changes[key]?.last { $0.revision.main <= main }
    }

    func get(_ key: [UInt8], at main: Revision) -> KeyRecord? { change(of: key, at: main)?.record }

    func range(_ start: [UInt8], _ end: ModelEnd, at main: Revision) -> [([UInt8], KeyRecord)] {
        let first = position(of: start)
        let last: Int
        switch end {
        case .single: last = changes[start] == nil ? first : first + 1
        case .unbounded: last = sortedKeys.count
        case .key(let end): last = max(first, position(of: end))
        }
        return sortedKeys[first..<last].compactMap { key in
            get(key, at: main).map { (key, $0) }
        }
    }

    /// Index of the first key that is not below `key`.
    private func position(of key: [UInt8]) -> Int {
        var low = 0
        var high = sortedKeys.count
        while low < high {
            let middle = (low + high) / 2
            if Self.isBelow(sortedKeys[middle], key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    static func isBelow(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        let order = memcmp(left, right, min(left.count, right.count))
        return order == 0 ? left.count < right.count : order < 0
    }

    /// Compacts and returns what stays on disk at or below `main`.
    mutating func compact(at main: Revision) -> Set<RevisionPair> {
        var kept = Set<RevisionPair>()
        for (key, all) in changes {
            var remaining = all.filter { $0.revision.main > main }
            if let base = change(of: key, at: main),
                base.record != nil || base.revision.main == main
            {
                remaining.insert(base, at: 0)
                kept.insert(base.revision)
            }
            changes[key] = remaining.isEmpty ? nil : remaining
        }
        sortedKeys.removeAll { changes[$0] == nil }
        return kept
    }

    /// The records at or below `main` that a hash at `main` covers.
    func kept(at main: Revision) -> Set<RevisionPair> {
        Set(changes.keys.compactMap { get($0, at: main)?.modified })
    }

    var liveKeyCount: Int { changes.values.count { $0.last?.record != nil } }
}

/// The end of a range; owns its key.
enum ModelEnd {
    case single
    case unbounded
    case key([UInt8])
}

extension SeededGenerator {
    /// A number in `0 ..< bound`, drawn by the standard library.
    mutating func uniform(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}

extension KeyIndex {
    @discardableResult
    func put(_ key: [UInt8], _ revision: RevisionPair) -> KeyRecord {
        do {
            return try put(key: key, at: revision)
        } catch {
            Issue.record(error)
            return KeyRecord(modified: .init(main: 0), created: .init(main: 0), version: 0)
        }
    }

    @discardableResult
    func tombstone(_ key: [UInt8], _ revision: RevisionPair) -> KeyRecord? {
        do {
            return try tombstone(key: key, at: revision)
        } catch {
            Issue.record(error)
            return nil
        }
    }

    @discardableResult
    func put(key: [UInt8], at revision: RevisionPair) throws -> KeyRecord {
        try key.withUnsafeBytes { try put($0, at: revision) }
    }

    @discardableResult
    func tombstone(key: [UInt8], at revision: RevisionPair) throws -> KeyRecord? {
        try key.withUnsafeBytes { try tombstone($0, at: revision) }
    }

    func get(_ key: [UInt8], _ main: Revision = .max) -> KeyRecord? {
        key.withUnsafeBytes { get($0, at: main) }
    }

    func withRange<Result>(
        _ start: [UInt8], _ end: ModelEnd,
        _ body: (UnsafeRawBufferPointer, KeyRangeEnd) -> Result
    ) -> Result {
        start.withUnsafeBytes { start in
            switch end {
            case .single: body(start, .single)
            case .unbounded: body(start, .unbounded)
            case .key(let key): key.withUnsafeBytes { body(start, .key($0)) }
            }
        }
    }

    func range(
        _ start: [UInt8], _ end: ModelEnd, _ main: Revision = .max, limit: Int = 0
    ) -> (found: [([UInt8], KeyRecord)], hasMore: Bool) {
        var found: [([UInt8], KeyRecord)] = []
        let result = withRange(start, end) { start, end in
            visit(from: start, to: end, at: main, limit: limit) { key, record in
                found.append(([UInt8](key), record))
                return true
            }
        }
        precondition(result.visited == found.count, "the result counts the visited keys")
        return (found, result.hasMore)
    }

    /// In slices of so many entries.
    func descending(
        _ start: [UInt8], _ end: ModelEnd, _ main: Revision, entries: Int
    ) -> [([UInt8], KeyRecord)] {
        var found: [([UInt8], KeyRecord)] = []
        var end = end
        while true {
            var budget = EntryBudget(entries)
            withRange(start, end) { start, end in
                visitDescending(from: start, below: end.key, at: main, entries: &budget) {
                    found.append(([UInt8]($0), $1))
                    return true
                }
            }
            guard let next = budget.next else { return found }
            end = .key(next)
        }
    }

    /// In slices of so many entries.
    func ascending(
        _ start: [UInt8], _ end: ModelEnd, _ main: Revision, entries: Int
    ) -> [([UInt8], KeyRecord)] {
        var found: [([UInt8], KeyRecord)] = []
        var start = start
        while true {
            var budget = EntryBudget(entries)
            _ = withRange(start, end) { start, end in
                visit(
                    from: start, to: end, at: main, limit: 0, entries: &budget
                ) {
                    found.append(([UInt8]($0), $1))
                    return true
                }
            }
            guard let next = budget.next else { return found }
            start = next
        }
    }

    func count(_ start: [UInt8], _ end: ModelEnd, _ main: Revision = .max) -> Int {
        withRange(start, end) { count(from: $0, to: $1, at: main) }
    }

    /// In slices of so many entries.
    func count(_ start: [UInt8], _ end: ModelEnd, _ main: Revision, entries: Int) -> Int {
        var total = 0
        var start = start
        while true {
            var budget = EntryBudget(entries)
            total += withRange(start, end) { count(from: $0, to: $1, at: main, entries: &budget) }
            guard let next = budget.next else { return total }
            start = next
        }
    }

    func compactAll(at main: Revision, sliceKeys: Int) -> [RevisionPair] {
        var kept: [RevisionPair] = []
        var cursor: [UInt8]?
        repeat {
            cursor = compact(at: main, from: cursor, sliceKeys: sliceKeys) { kept.append($0) }
        } while cursor != nil
        return kept
    }
}
