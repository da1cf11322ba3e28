import CommandParsing
import EtcdAPI
import EtcdClient
import ResponseFormatting
import StandardStreams

/// txn: reads comparisons, operations and other operations from the standard input, each list up to
/// an empty line.
enum TransactionCommand {
    static func run(_ invocation: Invocation) async throws {
        guard invocation.arguments.isEmpty else {
            throw ToolFailure.arguments("txn command does not accept argument")
        }
        let formatter = try await invocation.formatter()
        let isInteractive = invocation.flags.bool("interactive")
        var input = StandardInput()
        var request = Etcdserverpb_TxnRequest()
        prompt("compares:", isInteractive)
        while let line = try line(&input) {
            request.compare.append(try Comparison.parse(line))
        }
        prompt("success requests (get, put, del):", isInteractive)
        while let line = try line(&input) { request.success.append(try operation(line)) }
        prompt("failure requests (get, put, del):", isInteractive)
        while let line = try line(&input) { request.failure.append(try operation(line)) }
        let sent = request
        let response: Etcdserverpb_TxnResponse = try await invocation.withClient { client in
            try await client.unary(.txn, sent)
        }
        try invocation.print { () throws(UnsupportedFormat) in
            try formatter.transaction(response)
        }
    }

    private static func prompt(_ text: String, _ isInteractive: Bool) {
        if isInteractive { StandardOutput.line(text) }
    }

    /// The next line without blanks around it; nil for an empty one.
    private static func line(_ input: inout StandardInput) throws(ToolFailure) -> String? {
        guard let bytes = input.readLine() else { throw .input("EOF") }
        let text = String(argument: bytes)
        let trimmed = text.drop(while: \.isWhitespace)
        guard let last = trimmed.lastIndex(where: { !$0.isWhitespace }) else { return nil }
        return String(trimmed[...last])
    }

    /// `put`, `get` or `del` with its arguments and flags.
    private static func operation(_ line: String) throws(ToolFailure) -> Etcdserverpb_RequestOp {
        let words = try Words.split(line)
        guard words.count >= 2 else { throw .input("invalid txn compare request: \(line)") }
        let parser = CommandLineParser(
            Command("", "", "", subcommands: [CommandTree.put, CommandTree.get, CommandTree.del]))
        let command: ParsedCommand
        do throws(CommandLineError) {
            command = try parser.parse(words)
        } catch {
            if case .flag(_, let names) = error {
                let path = parser.command(of: names) ?? []
                StandardError.line(UsageText(parser).usage(of: path))
            }
            throw .input("invalid txn request: \(line)")
        }
        guard let name = command.names.first else { throw .input("invalid txn request: \(line)") }
        var operation = Etcdserverpb_RequestOp()
        switch name {
        case "put":
            operation.requestPut = try KeyValueRequests.put(
                command.arguments, command.flags, readInput: { [] })
        case "get":
            operation.requestRange = try KeyValueRequests.range(command.arguments, command.flags)
        default:
            operation.requestDeleteRange = try KeyValueRequests.deletion(
                command.arguments, command.flags)
        }
        return operation
    }
}
