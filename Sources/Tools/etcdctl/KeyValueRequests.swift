import CommandParsing
import EtcdAPI
import EtcdClient
import ResponseFormatting

/// The requests of put, get and del, by themselves and in transactions.
enum KeyValueRequests {
    /// - Parameter readInput: the value if it is no argument.
    static func put(
        _ arguments: [String], _ flags: FlagValues, readInput: () -> [UInt8]
    ) throws(ToolFailure) -> Etcdserverpb_PutRequest {
        guard let key = arguments.first else {
            throw .arguments("put command needs 1 argument and input from stdin or 2 arguments")
        }
        var request = Etcdserverpb_PutRequest()
        request.ignoreValue = flags.bool("ignore-value")
        if request.ignoreValue, arguments.count > 1 {
            throw .arguments(
                "put command needs only 1 argument when 'ignore-value' is set")
        }
        request.key.append(contentsOf: key.argumentBytes)
        if !request.ignoreValue {
            let value = arguments.count > 1 ? arguments[1].argumentBytes : readInput()
            guard arguments.count > 1 || !value.isEmpty else {
                throw .arguments("put command needs 1 argument and input from stdin or 2 arguments")
            }
            request.value.append(contentsOf: value)
        }
        do throws(GoValueError) {
            request.lease = try GoValue.int64(flags.string("lease"), base: 16)
        } catch {
            throw .arguments("bad lease ID (\(error)), expecting ID in Hex")
        }
        request.prevKv = flags.bool("prev-kv")
        request.ignoreLease = flags.bool("ignore-lease")
        return request
    }

    static func range(
        _ arguments: [String], _ flags: FlagValues
    ) throws(ToolFailure) -> Etcdserverpb_RangeRequest {
        guard !arguments.isEmpty else {
            throw .arguments(
                "get command needs one argument as key and an optional argument as range_end")
        }
        try exclude("prefix", "from-key", flags)
        try exclude("keys-only", "count-only", flags)
        var request = Etcdserverpb_RangeRequest()
        switch flags.string("consistency") {
        case "l": break
        case "s": request.serializable = true
        case let other: throw .feature("unknown consistency flag \(goQuoted(other.argumentBytes))")
        }
        let keys = try self.keys(arguments, flags)
        request.key.append(contentsOf: keys.start)
        request.rangeEnd.append(contentsOf: keys.end)
        request.limit = flags.int64("limit")
        request.revision = max(flags.int64("rev"), 0)
        request.sortOrder = try order(flags)
        request.sortTarget = try target(flags)
        // As in clientv3: keys come in ascending order without being sorted.
        if request.sortTarget == .key, request.sortOrder == .ascend { request.sortOrder = .none }
        request.keysOnly = flags.bool("keys-only")
        request.countOnly = flags.bool("count-only")
        (request.minCreateRevision, request.maxCreateRevision) = try revisions("Create", flags)
        (request.minModRevision, request.maxModRevision) = try revisions("Mod", flags)
        return request
    }

    /// The bounds of the revisions in which keys were created or modified; 0: none.
    private static func revisions(
        _ name: String, _ flags: FlagValues
    ) throws(ToolFailure) -> (Int64, Int64) {
        let first = max(flags.int64("min-\(name.lowercased())-rev"), 0)
        let last = max(flags.int64("max-\(name.lowercased())-rev"), 0)
        guard last == 0 || first <= last else {
            throw .feature("getMin\(name)Rev(=\(first)) > getMax\(name)Rev(=\(last))")
        }
        return (first, last)
    }

    private static func exclude(
        _ one: String, _ other: String, _ flags: FlagValues
    ) throws(ToolFailure) {
        guard flags.bool(one), flags.bool(other) else { return }
        throw .arguments(
            "`--\(one)` and `--\(other)` cannot be set at the same time, choose one")
    }

    private static func order(
        _ flags: FlagValues
    ) throws(ToolFailure) -> Etcdserverpb_RangeRequest.SortOrder {
        switch flags.string("order").uppercased() {
        case "": .none
        case "ASCEND": .ascend
        case "DESCEND": .descend
        default: throw .feature("bad sort order \(flags.string("order"))")
        }
    }

    private static func target(
        _ flags: FlagValues
    ) throws(ToolFailure) -> Etcdserverpb_RangeRequest.SortTarget {
        switch flags.string("sort-by").uppercased() {
        case "", "KEY": .key
        case "CREATE": .create
        case "MODIFY": .mod
        case "VALUE": .value
        case "VERSION": .version
        default: throw .feature("bad sort target \(flags.string("sort-by"))")
        }
    }

    /// The keys of get and del.
    static func keys(
        _ arguments: [String], _ flags: FlagValues
    ) throws(ToolFailure) -> KeyRange {
        let key = arguments.first?.argumentBytes ?? []
        let (isPrefix, isOpen) = (flags.bool("prefix"), flags.bool("from-key"))
        if arguments.count > 1 {
            guard !isPrefix, !isOpen else {
                throw .arguments(
                    "too many arguments, only accept one argument when `--prefix` or `--from-key` "
                        + "is set")
            }
            return .range(key, upTo: arguments[1].argumentBytes)
        }
        return isPrefix ? .prefix(key) : isOpen ? .from(key) : .key(key)
    }

    static func deletion(
        _ arguments: [String], _ flags: FlagValues
    ) throws(ToolFailure) -> Etcdserverpb_DeleteRangeRequest {
        guard (1...2).contains(arguments.count) else {
            throw .arguments(
                "del command needs one argument as key and an optional argument as range_end")
        }
        try exclude("prefix", "from-key", flags)
        let keys = try self.keys(arguments, flags)
        var request = Etcdserverpb_DeleteRangeRequest()
        request.key.append(contentsOf: keys.start)
        request.rangeEnd.append(contentsOf: keys.end)
        request.prevKv = flags.bool("prev-kv")
        return request
    }
}
