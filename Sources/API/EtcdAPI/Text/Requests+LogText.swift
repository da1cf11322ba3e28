/// Text of requests for logs, in etcd's format.
extension RangeRequest {
    package var logText: String {
        var text = MessageText()
        text.bytes("key", key)
        text.bytes("range_end", rangeEnd)
        text.number("limit", limit)
        text.number("revision", revision)
        text.choice("sort_order", sortOrder.rawValue, ["NONE", "ASCEND", "DESCEND"])
        text.choice(
            "sort_target", sortTarget.rawValue, ["KEY", "VERSION", "CREATE", "MOD", "VALUE"])
        text.flag("serializable", serializable)
        text.flag("keys_only", keysOnly)
        text.flag("count_only", countOnly)
        text.number("min_mod_revision", minModRevision)
        text.number("max_mod_revision", maxModRevision)
        text.number("min_create_revision", minCreateRevision)
        text.number("max_create_revision", maxCreateRevision)
        return text.text
    }
}

extension PutRequest {
    /// The value is replaced by its size.
    package var logText: String {
        var text = MessageText()
        text.bytes("key", key)
        text.number("value_size", value.count)
        text.number("lease", lease)
        text.flag("prev_kv", prevKV)
        text.flag("ignore_value", ignoreValue)
        text.flag("ignore_lease", ignoreLease)
        return text.text
    }
}

extension DeleteRangeRequest {
    package var logText: String {
        var text = MessageText()
        text.bytes("key", key)
        text.bytes("range_end", rangeEnd)
        text.flag("prev_kv", prevKV)
        return text.text
    }
}

extension Compare {
    /// A value to compare with is replaced by its size.
    package var logText: String {
        var text = MessageText()
        text.choice("result", result.rawValue, ["EQUAL", "GREATER", "LESS", "NOT_EQUAL"])
        text.choice("target", target.rawValue, ["VERSION", "CREATE", "MOD", "VALUE", "LEASE"])
        text.bytes("key", key)
        switch operand {
        case .none: break
        case .version(let number): text.explicitNumber("version", number)
        case .createRevision(let number): text.explicitNumber("create_revision", number)
        case .modRevision(let number): text.explicitNumber("mod_revision", number)
        case .value(let bytes): text.number("value_size", bytes.count)
        case .lease(let number): text.explicitNumber("lease", number)
        }
        text.bytes("range_end", rangeEnd)
        return text.text
    }
}

extension RequestOp {
    package var logText: String {
        var text = MessageText()
        switch self {
        case .none: break
        case .range(let request): text.message("request_range", request.logText)
        case .put(let request): return "request_put:<\(request.logText)>"
        case .deleteRange(let request): text.message("request_delete_range", request.logText)
        case .txn(let request): return "request_txn:<\(request.logText)>"
        }
        return text.text
    }
}

extension TxnRequest {
    package var logText: String {
        let compare = compare.map(\.logText).joined(separator: " ")
        let success = success.map(\.logText).joined(separator: " ")
        let failure = failure.map(\.logText).joined(separator: " ")
        return "compare:<\(compare)> success:<\(success)> failure:<\(failure)>"
    }
}

extension InternalRaftRequest {
    package var logText: String {
        let head = "header:<\(header?.logText ?? "")>"
        switch payload {
        case .put(let request): return "\(head) put:<\(request.logText)>"
        case .txn(let request): return "\(head) txn:<\(request.logText)>"
        case .range(let request): return "\(head) range:<\(request.logText)>"
        case .deleteRange(let request): return "\(head) delete_range:<\(request.logText)>"
        case .compaction(let request): return "\(head) compaction:<\(request.logText)>"
        case .leaseGrant(let request):
            return "\(head) lease_grant:<ttl:\(request.ttlSeconds)-second "
                + "id:\(Self.identity(request.id))>"
        case .leaseRevoke(let request):
            return "\(head) lease_revoke:<id:\(Self.identity(request.id))>"
        case .other, .none: return head
        }
    }

    /// 16 hexadecimal digits.
    private static func identity(_ id: Int64) -> String {
        let digits = String(UInt64(bitPattern: id), radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

extension RequestHeader {
    fileprivate var logText: String {
        var text = MessageText()
        text.number("ID", id)
        text.bytes("username", Array(username.utf8)[...])
        text.number("auth_revision", authRevision)
        return text.text
    }
}

extension CompactionRequest {
    fileprivate var logText: String {
        var text = MessageText()
        text.number("revision", revision)
        text.flag("physical", physical)
        return text.text
    }
}
