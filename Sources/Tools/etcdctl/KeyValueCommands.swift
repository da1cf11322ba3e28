import CommandParsing
import EtcdAPI
import EtcdClient
import ResponseFormatting
import StandardStreams

extension CommandTree {
    static let keyValueActions: [String: Action] = [
        "put": { try await KeyValueCommands.put($0) },
        "get": { try await KeyValueCommands.get($0) },
        "del": { try await KeyValueCommands.delete($0) },
        "compaction": { try await KeyValueCommands.compact($0) },
        "txn": { try await TransactionCommand.run($0) },
        "watch": { try await WatchCommand.run($0) },
    ]
}

/// put, get, del and compaction.
enum KeyValueCommands {
    static func put(_ invocation: Invocation) async throws {
        let request = try KeyValueRequests.put(invocation.arguments, invocation.flags) {
            var input = StandardInput()
            return input.readAll()
        }
        let formatter = try await invocation.formatter()
        let response: Etcdserverpb_PutResponse = try await invocation.withClient { client in
            try await client.unary(.put, request)
        }
        try invocation.print { () throws(UnsupportedFormat) in try formatter.put(response) }
    }

    static func get(_ invocation: Invocation) async throws {
        let flags = invocation.flags
        let request = try KeyValueRequests.range(invocation.arguments, flags)
        var formatter = try await invocation.formatter()
        formatter.printsValueOnly = flags.bool("print-value-only")
        let response =
            flags.bool("stream")
            ? try await stream(request, invocation)
            : try await invocation.withClient { client in
                try await client.unary(
                    request.serializable ? .serializableRange : .range, request)
            }
        if flags.bool("count-only"), formatter.format != .fields {
            throw ToolFailure.arguments("--count-only is only for `--write-out=fields`")
        }
        if formatter.printsValueOnly, formatter.format != .simple {
            throw ToolFailure.arguments("print-value-only is only for `--write-out=simple`")
        }
        try invocation.print { [formatter] () throws(UnsupportedFormat) in
            try formatter.range(response)
        }
    }

    /// Receives the pieces of a response and joins them.
    private static func stream(
        _ request: Etcdserverpb_RangeRequest, _ invocation: Invocation
    ) async throws -> Etcdserverpb_RangeResponse {
        try await invocation.withClient { client in
            var whole = Etcdserverpb_RangeResponse()
            for try await piece in client.rangeStream(request) {
                whole.kvs += piece.kvs
                if piece.hasHeader { whole.header = piece.header }
                whole.more = piece.more
                whole.count = max(whole.count, piece.count)
            }
            return whole
        }
    }

    static func delete(_ invocation: Invocation) async throws {
        let request = try KeyValueRequests.deletion(invocation.arguments, invocation.flags)
        let formatter = try await invocation.formatter()
        if invocation.arguments.count > 1, !invocation.flags.bool("range") {
            try await warn(invocation.arguments)
        }
        let response: Etcdserverpb_DeleteRangeResponse = try await invocation.withClient {
            try await $0.unary(.deleteRange, request)
        }
        try invocation.print { () throws(UnsupportedFormat) in try formatter.deletion(response) }
    }

    /// As etcd 3.7 before a range is deleted.
    private static func warn(_ keys: [String]) async throws {
        StandardError.line(
            "Warning: Keys between \(goQuoted(keys[0].argumentBytes)) and "
                + "\(goQuoted(keys[1].argumentBytes)) will be deleted. Please interrupt the command "
                + "within next 2 seconds to cancel. You can provide `--range` flag to avoid the "
                + "delay.")
        try await Task.sleep(for: .seconds(2))
    }

    static func compact(_ invocation: Invocation) async throws {
        guard invocation.arguments.count == 1 else {
            throw ToolFailure.arguments("compaction command needs 1 argument")
        }
        var request = Etcdserverpb_CompactionRequest()
        do throws(GoValueError) {
            request.revision = try GoValue.int64(invocation.arguments[0], base: 10)
        } catch {
            throw ToolFailure.operation("\(error)")
        }
        request.physical = invocation.flags.bool("physical")
        _ = try await invocation.formatter()
        let sent = request
        try await invocation.withClient { client in
            let _: Etcdserverpb_CompactionResponse = try await client.unary(.compact, sent)
        }
        StandardOutput.line("compacted revision \(request.revision)")
    }
}
