import EtcdAPI
import Identifiers

@testable import MVCC

/// The expected store: the complete state after every transaction.
struct StoreModel {
    private(set) var states: [[(key: String, pair: KeyValue)]] = [[], []]
    private(set) var compacted: Revision = -1

    var current: Revision { Revision(Int64(states.count - 1)) }

    mutating func put(_ key: String, _ value: String, lease: Int64, at main: Revision) {
        begin(main)
        var state = states[Int(main.rawValue)]
        let old = state.firstIndex { entry in entry.key == key }
        var pair = KeyValue(
            key: bytes(key), createRevision: main.rawValue, modRevision: main.rawValue, version: 1,
            value: bytes(value), lease: lease)
        if let old {
            pair.createRevision = state[old].pair.createRevision
            pair.version = state[old].pair.version + 1
            state[old].pair = pair
        } else {
            state.append((key, pair))
            state.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        }
        states[Int(main.rawValue)] = state
    }

    mutating func delete(_ key: String, _ end: String, at main: Revision) -> Int {
        let newest = states[states.count - 1]
        let kept = newest.filter { !Self.covers(key, end, $0.key) }
        guard kept.count < newest.count else { return 0 }
        begin(main)
        states[Int(main.rawValue)] = kept
        return newest.count - kept.count
    }

    private mutating func begin(_ main: Revision) {
        while current < main { states.append(states[states.count - 1]) }
    }

    mutating func compact(at revision: Revision) { compacted = revision }

    /// Drops what a crash lost.
    mutating func truncate(to revision: Revision, compacted: Revision) {
        states.removeLast(current - revision)
        self.compacted = compacted
    }

    static func covers(_ key: String, _ end: String, _ candidate: String) -> Bool {
        if end.isEmpty { return key == candidate }
        if candidate.utf8.lexicographicallyPrecedes(key.utf8) { return false }
        return end == "\0" || candidate.utf8.lexicographicallyPrecedes(end.utf8)
    }

    /// etcd's order of processing, on complete states.
    func range(_ request: RangeRequest) throws(ReadError) -> ReceivedRange {
        guard Revision(request.revision) <= current else { throw .refused(.futureRevision) }
        let revision = request.revision <= 0 ? current : Revision(request.revision)
        guard revision >= compacted else { throw .refused(.compacted) }
        let key = String(decoding: request.key, as: UTF8.self)
        let end = String(decoding: request.rangeEnd, as: UTF8.self)
        var pairs = states[Int(revision.rawValue)].filter { Self.covers(key, end, $0.key) }.map(
            \.pair)
        let count = Int64(pairs.count)
        if request.countOnly { return ReceivedRange(pairs: [], more: false, count: count) }
        pairs.removeAll { pair in
            (request.maxModRevision != 0 && pair.modRevision > request.maxModRevision)
                || (request.minModRevision != 0 && pair.modRevision < request.minModRevision)
                || (request.maxCreateRevision != 0
                    && pair.createRevision > request.maxCreateRevision)
                || (request.minCreateRevision != 0
                    && pair.createRevision < request.minCreateRevision)
        }
        sort(&pairs, request)
        var more = false
        if request.limit > 0, pairs.count > request.limit {
            pairs = Array(pairs.prefix(Int(request.limit)))
            more = true
        }
        if request.keysOnly {
            for index in pairs.indices {
                pairs[index].value = []
                if request.sortTarget != .value { pairs[index].lease = 0 }
            }
        }
        return ReceivedRange(pairs: pairs, more: more, count: count)
    }

    private func sort(_ pairs: inout [KeyValue], _ request: RangeRequest) {
        let isDescending = request.sortOrder == .descend
        func by<Value: Comparable>(_ value: (KeyValue) -> Value) {
            pairs.sort { isDescending ? value($0) > value($1) : value($0) < value($1) }
        }
        switch request.sortTarget {
        case .version: by { $0.version }
        case .create: by { $0.createRevision }
        case .mod: by { $0.modRevision }
        case .value: by { String(decoding: $0.value, as: UTF8.self) }
        default: by { String(decoding: $0.key, as: UTF8.self) }
        }
    }
}
