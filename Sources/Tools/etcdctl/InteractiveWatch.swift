import CommandParsing
import EtcdAPI
import EtcdClient
import NIOPosix
import ResponseFormatting
import StandardStreams

/// watch -i: reads requests line by line; each watch runs beside the others.
struct InteractiveWatch {
    private let invocation: Invocation
    private let environment: WatchEnvironment
    private let formatter: ResponseFormatter

    init(
        _ invocation: Invocation, _ environment: WatchEnvironment, _ formatter: ResponseFormatter
    ) {
        self.invocation = invocation
        self.environment = environment
        self.formatter = formatter
    }

    func run() async throws {
        try await invocation.withClient(requiresLeader: true) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                let lines = InputLines()
                var watches: [Watch] = []
                while let line = await lines.next() {
                    try handle(line, client, &group, &watches)
                }
                throw ToolFailure.input("error reading watch request line: EOF")
            }
        }
    }

    private func handle(
        _ line: String, _ client: EtcdClient, _ group: inout ThrowingTaskGroup<Void, any Error>,
        _ watches: inout [Watch]
    ) throws {
        let words = try Words.split(line)
        switch words.first {
        case nil:
            StandardError.line("Invalid command: \(line) (watch and progress supported)")
        case "progress": for watch in watches { watch.requestProgress() }
        case "watch":
            guard words.count > 1 || !environment.key.isEmpty else {
                return StandardError.line(
                    "Invalid command \(line) (command type or key is not provided)")
            }
            guard let request = try request(words, line) else { return }
            let printer = WatchPrinter(formatter: formatter, command: request.command)
            let watch = client.watch(request.keys, request.options)
            watches.append(watch)
            group.addTask { try await printer.print(watch) }
        default: StandardError.line("Invalid command \(line) (only support watch)")
        }
    }

    private func request(_ words: [String], _ line: String) throws -> WatchArguments? {
        let tree = Command("etcdctl", "", "", subcommands: [CommandTree.watch])
        let command: ParsedCommand
        do throws(CommandLineError) {
            command = try CommandLineParser(tree).parse(words)
        } catch {
            guard case .flag(let text, _) = error else { return nil }
            throw ToolFailure.arguments(text)
        }
        let separated = try environment.separate(command)
        do throws(ToolFailure) {
            return try WatchArguments(separated, command.flags)
        } catch {
            let text = error.lines.first.map { $0.dropFirst("Error: ".count) } ?? ""
            StandardError.line("Invalid command \(line) (\(text))")
            return nil
        }
    }
}

/// The lines of the standard input, read on a thread that may block.
private actor InputLines {
    private var input = StandardInput()

    func next() async -> String? {
        var copy = input
        let read = try? await NIOThreadPool.singleton.runIfActive { [copy] in
            var input = copy
            return (input.readLine(), input)
        }
        guard let (line, rest) = read else { return nil }
        copy = rest
        input = copy
        return line.map { String(argument: $0) }
    }
}
