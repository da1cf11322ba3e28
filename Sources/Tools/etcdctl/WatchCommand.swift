import CommandParsing
import EtcdAPI
import EtcdClient
import ResponseFormatting
import StandardStreams

/// watch: prints events, and runs a command for each.
enum WatchCommand {
    static func run(_ invocation: Invocation) async throws {
        let environment = WatchEnvironment(invocation.environment)
        try environment.check()
        let formatter = try await invocation.formatter()
        if invocation.flags.bool("interactive") {
            return try await InteractiveWatch(invocation, environment, formatter).run()
        }
        let words = try environment.separate(invocation.command)
        let request = try WatchArguments(words, invocation.flags)
        let printer = WatchPrinter(formatter: formatter, command: request.command)
        try await invocation.withClient(requiresLeader: true) { client in
            try await printer.print(client.watch(request.keys, request.options))
        }
    }
}

/// The keys of a watch from the environment, in the place of arguments.
struct WatchEnvironment {
    let key: String
    let end: String

    init(_ variables: [String: String]) {
        key = variables["ETCDCTL_WATCH_KEY"] ?? ""
        end = variables["ETCDCTL_WATCH_RANGE_END"] ?? ""
    }

    func check() throws(ToolFailure) {
        guard key.isEmpty, !end.isEmpty else { return }
        throw .arguments(
            "ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END=\(goQuoted(end.argumentBytes))"
        )
    }

    /// The keys, and the command behind `--`.
    func separate(_ command: ParsedCommand) throws(ToolFailure) -> (keys: [String], [String]) {
        let separator = command.words.firstIndex(of: "--")
        let executed = separator.map { Array(command.words[($0 + 1)...]) } ?? []
        if separator != nil, executed.isEmpty {
            throw .arguments("bad number of arguments (found separator --, but no commands)")
        }
        let keys = Array(command.arguments.dropLast(executed.count))
        guard key.isEmpty else {
            guard keys.isEmpty else {
                throw .arguments("bad number of arguments (found conflicting environment key)")
            }
            return (end.isEmpty ? [key] : [key, end], executed)
        }
        guard !keys.isEmpty else { throw .arguments("bad number of arguments") }
        return (keys, executed)
    }
}

/// What is watched, and what is run for each event.
struct WatchArguments {
    let keys: KeyRange
    let options: WatchOptions
    let command: [String]

    init(
        _ words: (keys: [String], command: [String]), _ flags: FlagValues
    ) throws(ToolFailure) {
        let isPrefix = flags.bool("prefix")
        let key = words.keys.first?.argumentBytes ?? []
        if words.keys.count == 2, isPrefix {
            throw .arguments("`range_end` and `--prefix` are mutually exclusive")
        }
        keys =
            isPrefix
            ? .prefix(key)
            : words.keys.count == 2
                ? .range(key, upTo: words.keys[1].argumentBytes) : .key(key)
        options = WatchOptions(
            from: Revision(flags.int64("rev")), returnsPrevious: flags.bool("prev-kv"),
            notifiesProgress: flags.bool("progress-notify"))
        command = words.command
    }
}

/// Prints what a watch reports.
struct WatchPrinter: Sendable {
    let formatter: ResponseFormatter
    let command: [String]

    /// Until the server cancels the watch.
    func print(_ watch: Watch) async throws {
        var updates = watch.makeAsyncIterator()
        while true {
            let update: WatchUpdate
            do throws(EtcdClientError) {
                guard let next = try await updates.next() else { return }
                update = next
            } catch {
                // The end of the input ends all watches, which is no news of the server's.
                if error.reason == .cancelled { throw error }
                throw try cancelled(error)
            }
            try await print(update)
        }
    }

    private func print(_ update: WatchUpdate) async throws {
        if update.events.isEmpty {
            StandardOutput.line("progress notify: \(update.header.revision)")
        }
        let response = Etcdserverpb_WatchResponse(update)
        try print(response)
        guard !command.isEmpty else { return }
        for event in response.events { try await execute(event, response) }
    }

    private func print(_ response: Etcdserverpb_WatchResponse) throws(ToolFailure) {
        do throws(UnsupportedFormat) {
            StandardOutput.write(try formatter.watch(response))
        } catch {
            throw .feature("\(error)")
        }
    }

    /// Prints the end of a watch; errors of the connection do not end it.
    private func cancelled(_ error: EtcdClientError) throws(ToolFailure) -> ToolFailure {
        StandardError.line("watch was canceled (\(error.toolText))")
        var response = Etcdserverpb_WatchResponse()
        response.canceled = true
        if case .compacted(let revision?) = error.reason {
            response.compactRevision = revision.rawValue
        }
        try print(response)
        return .interrupted("watch is canceled by the server")
    }

    private func execute(
        _ event: Mvccpb_Event, _ response: Etcdserverpb_WatchResponse
    ) async throws {
        let words = command.map { goQuoted($0.argumentBytes) }.joined(separator: " ")
        let environment = [
            "ETCD_WATCH_REVISION=\(response.header.revision)",
            "ETCD_WATCH_EVENT_TYPE=\"\(event.type == .delete ? "DELETE" : "PUT")\"",
            "ETCD_WATCH_KEY=\(goQuoted(event.kv.key))",
            "ETCD_WATCH_VALUE=\(goQuoted(event.kv.value))",
        ]
        let problem: String?
        do {
            let end = try await Subprocess.run(command, environment: environment)
            problem = end.status == 0 ? nil : end.text
        } catch let failure as ToolFailure {
            problem = failure.message
        }
        guard let problem else { return }
        throw ToolFailure(lines: ["command [\(words)] error (\(problem))"], status: 1)
    }
}

extension Etcdserverpb_WatchResponse {
    /// What was received, as a message again: for the formats of the output.
    fileprivate init(_ update: WatchUpdate) {
        self.init()
        header.clusterID = update.header.clusterID.rawValue
        header.memberID = update.header.memberID.rawValue
        header.revision = update.header.revision.rawValue
        header.raftTerm = update.header.raftTerm.rawValue
        events = update.events.map { event in
            var message = Mvccpb_Event()
            message.type = event.kind == .delete ? .delete : .put
            message.kv = Mvccpb_KeyValue(event.pair)
            if let previous = event.previous { message.prevKv = Mvccpb_KeyValue(previous) }
            return message
        }
    }
}

extension Mvccpb_KeyValue {
    init(_ pair: KeyValuePair) {
        self.init()
        key.append(contentsOf: pair.key)
        value.append(contentsOf: pair.value)
        createRevision = pair.createRevision.rawValue
        modRevision = pair.modRevision.rawValue
        version = pair.version
        lease = pair.lease?.rawValue ?? 0
    }
}
