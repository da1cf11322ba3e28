import EtcdAPI
import Identifiers
import MVCC

/// What a compare says about a pair.
extension Compare {
    /// The range whose pairs are compared, without their values where those are not needed.
    var range: RangeRequest {
        var range = RangeRequest(key: key, rangeEnd: rangeEnd)
        range.keysOnly = target != .value && target != .lease
        return range
    }

    /// Whether it holds for a pair. `view` is called for what the index does not have.
    func holds(
        version: Int64, created: Revision, modified: Revision,
        view: () throws(StoreError) -> KeyValueView
    ) throws(StoreError) -> Bool {
        switch target {
        case .version: accepts(version)
        case .create: accepts(created.rawValue)
        case .mod: accepts(modified.rawValue)
        case .lease: accepts(try view().lease)
        case .value: result.accepts(order: order(ofValue: try view().value))
        default: result.accepts(order: 0)
        }
    }

    /// Whether it holds where there is no key: a missing key compares as zeros, except that no
    /// compare of its value holds.
    var holdsWithoutKeys: Bool { target != .value && accepts(0) }

    private func accepts(_ actual: Int64) -> Bool {
        let expected = number
        return result.accepts(order: actual == expected ? 0 : actual < expected ? -1 : 1)
    }

    /// The number to compare with; 0 when the operand belongs to another target.
    private var number: Int64 {
        switch (target, operand) {
        case (.version, .version(let number)), (.create, .createRevision(let number)),
            (.mod, .modRevision(let number)), (.lease, .lease(let number)):
            number
        default: 0
        }
    }

    private func order(ofValue value: UnsafeRawBufferPointer) -> Int64 {
        guard case .value(let expected) = operand else { return value.isEmpty ? 0 : 1 }
        if value.elementsEqual(expected) { return 0 }
        return value.lexicographicallyPrecedes(expected) ? -1 : 1
    }
}

extension Compare.Result {
    /// Whether the result matches an order (negative: the actual value is less). An unknown result
    /// always matches, as in etcd.
    func accepts(order: Int64) -> Bool {
        switch self {
        case .equal: order == 0
        case .greater: order > 0
        case .less: order < 0
        case .notEqual: order != 0
        default: true
        }
    }
}
