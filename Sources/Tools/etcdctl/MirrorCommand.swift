import CommandParsing
import EtcdClient
import ResponseFormatting
import StandardStreams

/// make-mirror: copies keys to another cluster, then every change of them.
enum MirrorCommand {
    static func run(_ invocation: Invocation) async throws {
        guard invocation.arguments.count == 1 else {
            throw ToolFailure.arguments("make-mirror takes one destination argument")
        }
        let flags = invocation.flags
        let destination = try configuration(flags)
        _ = try await invocation.formatter()
        guard flags.string("dest-prefix").isEmpty || !flags.bool("no-dest-prefix") else {
            throw ToolFailure.arguments(
                "`--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one")
        }
        try await invocation.withClient { source in
            try await EtcdClient.withClient(
                endpoints: [invocation.arguments[0]], configuration: destination
            ) { destination in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let mirror = Mirror(source, destination, flags)
                    group.addTask { try await mirror.run() }
                    group.addTask { try await mirror.report() }
                    defer { group.cancelAll() }
                    try await group.next()
                }
            }
        }
    }

    private static func configuration(
        _ flags: FlagValues
    ) throws(ToolFailure) -> EtcdClient.Configuration {
        var configuration = EtcdClient.Configuration()
        configuration.dialTimeout = flags.duration("dial-timeout")
        configuration.keepaliveInterval = flags.duration("keepalive-time")
        configuration.keepaliveTimeout = flags.duration("keepalive-timeout")
        ClientOptions.setSizes(flags, &configuration)
        func file(_ name: String) -> String? {
            flags.string(name).isEmpty ? nil : flags.string(name)
        }
        var security = EtcdClient.Security()
        security.certificateFile = file("dest-cert")
        security.keyFile = file("dest-key")
        security.authoritiesFile = file("dest-cacert")
        if security != EtcdClient.Security() || !flags.bool("dest-insecure-transport") {
            configuration.security = security
        }
        configuration.credentials = try ClientOptions.credentials(
            user: flags.string("dest-user"), password: flags.string("dest-password"),
            prompt: "Destination Password: ")
        return configuration
    }
}

/// The copying of one prefix.
private actor Mirror {
    private let source: EtcdClient
    private let destination: EtcdClient
    private let prefix: [UInt8]
    private let destinationPrefix: [UInt8]
    private let start: Revision
    private let operationsMax: Int
    /// Keys that were put or deleted.
    private var count = 0
    private let progress = Progress("make-mirror")

    init(_ source: EtcdClient, _ destination: EtcdClient, _ flags: FlagValues) {
        self.source = source
        self.destination = destination
        prefix = flags.string("prefix").argumentBytes
        let given = flags.string("dest-prefix").argumentBytes
        destinationPrefix = flags.bool("no-dest-prefix") ? [] : given.isEmpty ? prefix : given
        start = Revision(flags.int64("rev"))
        operationsMax = max(Int(clamping: flags.uint64("max-txn-ops")), 1)
    }

    /// Prints the number of changes every 30 seconds, as etcdctl does.
    func report() async throws {
        while true {
            try await Task.sleep(for: .seconds(30))
            StandardOutput.line("\(count)")
        }
    }

    func run() async throws {
        // From revision 1 on there is nothing that the copy does not have.
        let revision = start <= 1 ? try await copyAll() : start.previous
        let options = WatchOptions(from: revision.next)
        for try await update in source.watch(.prefix(prefix), options) {
            try await apply(update.events)
        }
    }

    /// Copies what exists; returns its revision.
    private func copyAll() async throws -> Revision {
        let first = try await source.range(.prefix(prefix), RangeOptions(countOnly: true))
        let revision = first.header.revision
        let options = RangeOptions(revision: revision)
        for try await pairs in source.pages(.prefix(prefix), options) {
            for pair in pairs {
                try await destination.put(renamed(pair.key), pair.value)
                count += 1
                progress.show(count, "keys")
            }
        }
        return revision
    }

    /// Applies the changes of each revision in one transaction, in pieces if that is too large.
    private func apply(_ events: [WatchEvent]) async throws {
        var operations: [Transaction.Operation] = []
        var revision: Revision = 0
        for event in events {
            if event.pair.modRevision != revision || operations.count >= operationsMax {
                try await commit(&operations)
            }
            revision = event.pair.modRevision
            let key = renamed(event.pair.key)
            operations.append(
                event.kind == .put ? .put(key, event.pair.value) : .delete(key))
        }
        try await commit(&operations)
    }

    private func commit(_ operations: inout [Transaction.Operation]) async throws {
        guard !operations.isEmpty else { return }
        try await destination.commit(Transaction(then: operations), isIdempotent: true)
        count += operations.count
        progress.show(count, "keys")
        operations = []
    }

    private func renamed(_ key: [UInt8]) -> [UInt8] {
        destinationPrefix + key.dropFirst(prefix.count)
    }
}
