import EtcdClient
import Glibc

/// etcdctl: executes one command over the network and prints in etcdctl's simple format.
struct CommandLineClient {
    private let arguments: ParsedArguments

    init(_ arguments: [String]) throws(ToolFailure) {
        self.arguments = try ParsedArguments(arguments)
    }

    func run() async throws {
        let words = arguments.words
        switch words.first {
        case nil, "help": print(Self.help)
        case "version": print("etcdctl version: 3.7.1\nAPI version: 3.7")
        case "put": try await put(words.dropFirst())
        case "get": try await get(words.dropFirst())
        case "del": try await delete(words.dropFirst())
        case "endpoint": try await endpoint(Array(words.dropFirst()))
        case .some(let word): throw ToolFailure.usage("unknown command \"\(word)\" for \"etcdctl\"")
        }
    }

    private static let help = """
        A simple command line client for etcd3.

        Commands:
          del              Removes the specified key or range of keys [key, range_end)
          endpoint health  Checks the healthiness of endpoints
          get              Gets the key or a range of keys
          put              Puts the given key into the store
          version          Prints the version of etcdctl
        """

    // MARK: Keys

    private func put(_ words: ArraySlice<String>) async throws {
        let words = Array(words)
        guard words.count == 2 else {
            throw ToolFailure.arguments(
                "put command needs 1 argument and input from stdin or 2 arguments")
        }
        _ = try await onCluster { client in
            try await client.put(words[0], words[1])
        }
        print("OK")
    }

    private func get(_ words: ArraySlice<String>) async throws {
        let keys = try range(
            words,
            misuse: "get command needs one argument as key and an optional argument as "
                + "range_end")
        let found = try await onCluster { client in
            try await client.range(keys)
        }
        for pair in found.pairs {
            if !arguments.printsValueOnly { Self.printLine(pair.key) }
            Self.printLine(pair.value)
        }
    }

    private func delete(_ words: ArraySlice<String>) async throws {
        let keys = try range(
            words,
            misuse: "del command needs one argument as key and an optional argument as "
                + "range_end")
        let result = try await onCluster { client in
            try await client.delete(keys)
        }
        print(result.deleted)
    }

    private func range(
        _ words: ArraySlice<String>, misuse: String
    ) throws(ToolFailure) -> KeyRange {
        guard let key = words.first, words.count <= 2 else { throw .arguments(misuse) }
        let start = Array(key.utf8)
        if arguments.isPrefix { return .prefix(start) }
        guard words.count == 2, let end = words.last else { return .key(start) }
        return .range(start, upTo: Array(end.utf8))
    }

    /// Keys and values are bytes, not always text.
    private static func printLine(_ bytes: [UInt8]) {
        var rest = (bytes + [UInt8(ascii: "\n")])[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    // MARK: Endpoints

    /// As etcd's health check: a linearizable read of a key that need not exist.
    private func endpoint(_ words: [String]) async throws {
        guard words.first == "health", words.count == 1 else {
            let word = words.first ?? ""
            throw ToolFailure.usage("unknown command \"\(word)\" for \"etcdctl endpoint\"")
        }
        var unhealthy: [String] = []
        for endpoint in arguments.endpoints {
            let started = ContinuousClock.now
            guard let reason = await failure(of: endpoint) else {
                let took = Self.text(ContinuousClock.now - started)
                print("\(endpoint) is healthy: successfully committed proposal: took = \(took)")
                continue
            }
            unhealthy.append("\(endpoint) is unhealthy: failed to commit proposal: \(reason)")
        }
        guard unhealthy.isEmpty else {
            throw ToolFailure(lines: unhealthy + ["Error: unhealthy cluster"], status: 1)
        }
    }

    /// Why a member does not respond; nil if it does.
    private func failure(of endpoint: String) async -> String? {
        do {
            _ = try await on([endpoint]) { try await $0.range(.key("health")) }
            return nil
        } catch {
            let line = (error as? ToolFailure)?.lines.first ?? "\(error)"
            return line.hasPrefix("Error: ") ? String(line.dropFirst(7)) : line
        }
    }

    /// As Go prints a duration: `4.608593ms`.
    private static func text(_ duration: Duration) -> String {
        let nanoseconds = Int(duration / .nanoseconds(1))
        let (unit, size) =
            nanoseconds >= 1_000_000_000
            ? ("s", 1_000_000_000) : nanoseconds >= 1_000_000 ? ("ms", 1_000_000) : ("µs", 1_000)
        var fraction = String(size + nanoseconds % size).dropFirst()
        while fraction.last == "0" { fraction = fraction.dropLast() }
        return "\(nanoseconds / size)" + (fraction.isEmpty ? "" : ".\(fraction)") + unit
    }

    // MARK: Calls

    private func onCluster<Result: Sendable>(
        _ body: (EtcdClient) async throws -> Result
    ) async throws -> Result {
        try await on(arguments.endpoints, body)
    }

    private func on<Result: Sendable>(
        _ endpoints: [String], _ body: (EtcdClient) async throws -> Result
    ) async throws -> Result {
        var configuration = EtcdClient.Configuration()
        configuration.security = arguments.security
        configuration.timeout = arguments.timeout
        do {
            let client = try EtcdClient(endpoints: endpoints, configuration: configuration)
            return try await body(client)
        } catch let error as EtcdClientError {
            throw ToolFailure.operation(error.description)
        }
    }
}
