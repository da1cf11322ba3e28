package import EtcdAPI
package import GRPC

/// Descriptions of slow requests for the log: key-value requests with content, others without.
package enum RequestDescriptions {
    /// - Parameters:
    ///   - request: the encoded request.
    ///   - number: `responseLogValue` of the call: the number of pairs found or deleted; for a
    ///     transaction 1 when its comparisons succeeded; nil without a response.
    package static func describe(
        _ method: GRPCMethod, _ request: [UInt8], _ number: Int64?
    ) -> GRPCRequestDescription {
        guard method.service == "etcdserverpb.KV" else { return GRPCRequestDescription() }
        return switch method.name {
        case "Range": range(request, number)
        case "Put": put(request)
        case "DeleteRange": deleteRange(request, number)
        case "Txn": transaction(request, number)
        default: GRPCRequestDescription()
        }
    }

    private static func range(_ bytes: [UInt8], _ found: Int64?) -> GRPCRequestDescription {
        let content = (try? RangeRequest(decoding: bytes))?.logText
        return description(count: 0, bytes, content, responseCount: found ?? 0)
    }

    private static func put(_ bytes: [UInt8]) -> GRPCRequestDescription {
        description(
            count: 1, bytes, (try? PutRequest(decoding: bytes))?.logText, responseCount: 0)
    }

    private static func deleteRange(_ bytes: [UInt8], _ deleted: Int64?) -> GRPCRequestDescription {
        let content = (try? DeleteRangeRequest(decoding: bytes))?.logText
        return description(count: 0, bytes, content, responseCount: deleted ?? 0)
    }

    /// Count and size are those of the branch that was executed.
    private static func transaction(
        _ bytes: [UInt8], _ succeeded: Int64?
    ) -> GRPCRequestDescription {
        guard let request = try? TxnRequest(decoding: bytes), let succeeded else {
            return description(count: 0, [], nil, responseCount: 0)
        }
        let branch = succeeded == 0 ? request.failure : request.success
        var description = description(
            count: Int64(branch.count), bytes, request.logText, responseCount: 0)
        description.sizeBytes = branch.reduce(0) { $0 + $1.encodedSize }
        return description
    }

    private static func description(
        count: Int64, _ bytes: [UInt8], _ content: String?, responseCount: Int64
    ) -> GRPCRequestDescription {
        var description = GRPCRequestDescription()
        description.count = count
        description.sizeBytes = bytes.count
        description.content = content ?? ""
        description.responseCount = responseCount
        return description
    }
}
