package import EtcdAPI

extension ResponseFormatter {
    package func put(
        _ response: Etcdserverpb_PutResponse
    ) throws(UnsupportedFormat) -> Output {
        try output(
            simple: simple(response), fields: fields(response), json: GoObject(response),
            message: response)
    }

    package func range(
        _ response: Etcdserverpb_RangeResponse
    ) throws(UnsupportedFormat) -> Output {
        try output(
            simple: simple(response), fields: fields(response), json: GoObject(response),
            message: response)
    }

    package func deletion(
        _ response: Etcdserverpb_DeleteRangeResponse
    ) throws(UnsupportedFormat) -> Output {
        try output(
            simple: simple(response), fields: fields(response), json: GoObject(response),
            message: response)
    }

    package func transaction(
        _ response: Etcdserverpb_TxnResponse
    ) throws(UnsupportedFormat) -> Output {
        try output(
            simple: simple(response), fields: fields(response), json: GoObject(response),
            message: response)
    }

    package func watch(
        _ response: Etcdserverpb_WatchResponse
    ) throws(UnsupportedFormat) -> Output {
        try output(
            simple: simple(response), fields: fields(response), json: GoObject(response),
            message: response)
    }
}

// MARK: - Simple

extension ResponseFormatter {
    /// Key and value, a line each.
    private func pair(_ pair: Mvccpb_KeyValue) -> Output {
        var output = Output()
        if !printsValueOnly { output.line(bytes: shown(Array(pair.key))) }
        output.line(bytes: shown(Array(pair.value)))
        return output
    }

    private func shown(_ bytes: [UInt8]) -> [UInt8] {
        guard isHex else { return bytes }
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { byte in
            [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }

    private func simple(_ response: Etcdserverpb_PutResponse) -> Output {
        var output = Output()
        output.line("OK")
        if response.hasPrevKv { output.append(pair(response.prevKv)) }
        return output
    }

    private func simple(_ response: Etcdserverpb_RangeResponse) -> Output {
        var output = Output()
        for one in response.kvs { output.append(pair(one)) }
        return output
    }

    private func simple(_ response: Etcdserverpb_DeleteRangeResponse) -> Output {
        var output = Output()
        output.line("\(response.deleted)")
        for one in response.prevKvs { output.append(pair(one)) }
        return output
    }

    private func simple(_ response: Etcdserverpb_TxnResponse) -> Output {
        var output = Output()
        output.line(response.succeeded ? "SUCCESS" : "FAILURE")
        for operation in response.responses {
            output.line("")
            switch operation.response {
            case .responseRange(let range): output.append(simple(range))
            case .responsePut(let put): output.append(simple(put))
            case .responseDeleteRange(let delete): output.append(simple(delete))
            case .responseTxn(let nested): output.append(simple(nested))
            case nil: break
            }
        }
        return output
    }

    private func simple(_ response: Etcdserverpb_WatchResponse) -> Output {
        var output = Output()
        for event in response.events {
            output.line(event.type == .delete ? "DELETE" : "PUT")
            if event.hasPrevKv { output.append(pair(event.prevKv)) }
            output.append(pair(event.kv))
        }
        return output
    }
}

// MARK: - Fields

extension ResponseFormatter {
    private func fields(_ pair: Mvccpb_KeyValue, _ prefix: String = "") -> Output {
        var output = Output()
        output.field(prefix + "Key", goQuoted(pair.key))
        output.field(prefix + "CreateRevision", "\(pair.createRevision)")
        output.field(prefix + "ModRevision", "\(pair.modRevision)")
        output.field(prefix + "Version", "\(pair.version)")
        output.field(prefix + "Value", goQuoted(pair.value))
        output.field(prefix + "Lease", isHex ? leaseText(pair.lease) : "\(pair.lease)")
        return output
    }

    private func fields(_ response: Etcdserverpb_PutResponse) -> Output {
        var output = header(response.header)
        if response.hasPrevKv { output.append(fields(response.prevKv, "Prev")) }
        return output
    }

    private func fields(_ response: Etcdserverpb_RangeResponse) -> Output {
        var output = header(response.header)
        for pair in response.kvs { output.append(fields(pair)) }
        output.field("More", "\(response.more)")
        output.field("Count", "\(response.count)")
        return output
    }

    private func fields(_ response: Etcdserverpb_DeleteRangeResponse) -> Output {
        var output = header(response.header)
        output.field("Deleted", "\(response.deleted)")
        for pair in response.prevKvs { output.append(fields(pair, "Prev")) }
        return output
    }

    private func fields(_ response: Etcdserverpb_TxnResponse) -> Output {
        var output = header(response.header)
        output.field("Succeeded", "\(response.succeeded)")
        for operation in response.responses {
            switch operation.response {
            case .responseRange(let range): output.append(fields(range))
            case .responsePut(let put): output.append(fields(put))
            case .responseDeleteRange(let delete): output.append(fields(delete))
            case .responseTxn(let nested): output.append(fields(nested))
            case nil: break
            }
        }
        return output
    }

    private func fields(_ response: Etcdserverpb_WatchResponse) -> Output {
        var output = header(response.header)
        for event in response.events {
            output.field("Type", event.type == .delete ? "DELETE" : "PUT")
            if event.hasPrevKv { output.append(fields(event.prevKv, "Prev")) }
            output.append(fields(event.kv))
        }
        return output
    }
}
