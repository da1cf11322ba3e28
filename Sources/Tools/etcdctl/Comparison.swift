import CommandParsing
import EtcdAPI
import ResponseFormatting

/// Comparisons of a transaction: `mod("key") > "0"`.
enum Comparison {
    static func parse(_ line: String) throws(ToolFailure) -> Etcdserverpb_Compare {
        guard let parenthesis = line.firstIndex(of: "(") else {
            throw .input("malformed comparison: \(line)")
        }
        let target = String(line[..<parenthesis])
        let parts = Parts(line[line.index(after: parenthesis)...])
        guard let key = parts.key, let operation = parts.operation, let value = parts.value else {
            throw .input(
                "malformed comparison: \(line); got \(target)(\(quoted(parts.key))) "
                    + "\(parts.operation ?? "") \(quoted(parts.value))")
        }
        var compare = Etcdserverpb_Compare()
        compare.key.append(contentsOf: key.argumentBytes)
        compare.result = try result(operation)
        let isKnown: Bool
        do throws(GoValueError) {
            isKnown = try set(target, value, &compare)
        } catch {
            throw .input("invalid txn compare request: \(line)")
        }
        guard isKnown else {
            throw .input("malformed comparison: \(line) (unknown target \(target))")
        }
        return compare
    }

    private static func quoted(_ text: String?) -> String { goQuoted((text ?? "").argumentBytes) }

    private static func result(
        _ operation: String
    ) throws(ToolFailure) -> Etcdserverpb_Compare.CompareResult {
        switch operation {
        case "=": .equal
        case "!=": .notEqual
        case ">": .greater
        case "<": .less
        // clientv3 panics.
        default: throw .input("Unknown result op")
        }
    }

    /// Sets what is compared; false for an unknown target.
    private static func set(
        _ target: String, _ value: String, _ compare: inout Etcdserverpb_Compare
    ) throws(GoValueError) -> Bool {
        switch target {
        case "ver", "version":
            compare.target = .version
            compare.version = try GoValue.int64(value, base: 10)
        case "c", "create":
            compare.target = .create
            compare.createRevision = try GoValue.int64(value, base: 10)
        case "m", "mod":
            compare.target = .mod
            compare.modRevision = try GoValue.int64(value, base: 10)
        case "val", "value":
            compare.target = .value
            compare.value.append(contentsOf: value.argumentBytes)
        case "lease":
            compare.target = .lease
            compare.lease = try GoValue.int64(value, base: 16)
        default: return false
        }
        return true
    }

    /// `"key") operation "value"`; nil from where it is malformed.
    private struct Parts {
        private(set) var key: String?
        private(set) var operation: String?
        private(set) var value: String?

        init(_ text: Substring) {
            func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }
            let scalars = text.unicodeScalars.drop(while: isBlank)
            guard let (key, behind) = GoQuoted.parse(scalars) else { return }
            self.key = key
            var rest = behind
            guard rest.popFirst() == ")", rest.first.map(isBlank) == true else { return }
            rest = rest.drop(while: isBlank)
            let operation = rest.prefix { !isBlank($0) }
            guard !operation.isEmpty else { return }
            self.operation = String(operation)
            rest = rest.dropFirst(operation.count).drop(while: isBlank)
            value = GoQuoted.parse(rest)?.0
        }
    }
}
