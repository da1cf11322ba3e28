internal import EtcdClient
internal import HTTP2
internal import MonotonicClock
internal import NIOCore
internal import Synchronization

/// Puts, and puts with their events, through the client library: a client for each connection, and
/// a task for each stream. Shows what the library costs beside the bare calls.
final class LibraryRun: Sendable {
    private let options: LoadOptions
    /// Requests that were begun.
    private let begunCount = Atomic<Int>(0)

    init(options: LoadOptions) {
        self.options = options
    }

    func run() async throws -> LoadResult {
        try await merged(options.connections) { try await self.runClient($0) }
    }

    private func runClient(_ connection: Int) async throws -> LoadResult {
        let endpoint = options.endpoint(of: connection)
        return try await EtcdClient.withClient(
            endpoints: ["\(endpoint.host):\(endpoint.port)"], configuration: configuration
        ) { client in
            // Connects.
            _ = try await client.count(.key("ready"))
            return try await self.merged(self.options.streams) { stream in
                try await self.runStream(connection * self.options.streams + stream, client)
            }
        }
    }

    private var configuration: EtcdClient.Configuration {
        var configuration = EtcdClient.Configuration()
        configuration.credentials = options.token.map { .token($0) }
        if options.tls != nil {
            var security = EtcdClient.Security()
            security.authoritiesFile = options.security.trustedCAFile
            let hasCertificate = !options.security.certificateFile.isEmpty
            security.certificateFile = hasCertificate ? options.security.certificateFile : nil
            security.keyFile = hasCertificate ? options.security.keyFile : nil
            configuration.security = security
        }
        return configuration
    }

    /// Runs parts at the same time, and merges their results.
    private func merged(
        _ count: Int, _ part: @escaping @Sendable (Int) async throws -> LoadResult
    ) async throws -> LoadResult {
        try await withThrowingTaskGroup(of: LoadResult.self) { group in
            for number in 0..<count { group.addTask { try await part(number) } }
            var all: LoadResult?
            for try await result in group {
                all?.merge(result)
                all = all ?? result
            }
            return all ?? LoadResult()
        }
    }

    private func runStream(_ number: Int, _ client: EtcdClient) async throws -> LoadResult {
        options.command == .notify
            ? try await putAndReceive(number, client) : try await put(number, client)
    }

    private func putAndReceive(_ number: Int, _ client: EtcdClient) async throws -> LoadResult {
        let key = self.key(number)
        return try await client.withWatch(.key(key)) { watch in
            var events = watch.makeAsyncIterator()
            var result = LoadResult()
            result.beganAt = MonotonicTime(.now())
            while self.mayBegin(since: result.beganAt) {
                let begun = MonotonicTime(.now())
                try await client.put(key, self.value)
                _ = try await events.next()
                result.record(due: begun, completed: MonotonicTime(.now()), bytes: 0, failure: nil)
            }
            return result
        }
    }

    private func put(_ number: Int, _ client: EtcdClient) async throws -> LoadResult {
        var result = LoadResult()
        result.beganAt = MonotonicTime(.now())
        var keys = KeySequence(
            keyCount: options.firstKeyCount, isAscending: false, part: number,
            parts: options.connections * options.streams, seed: options.seed)
        let value = self.value
        while mayBegin(since: result.beganAt) {
            let begun = MonotonicTime(.now())
            try await client.put(key(keys.nextKey()), value)
            result.record(due: begun, completed: MonotonicTime(.now()), bytes: 0, failure: nil)
        }
        return result
    }

    private func mayBegin(since beganAt: MonotonicTime) -> Bool {
        if options.total > 0 {
            return begunCount.add(1, ordering: .relaxed).newValue <= options.total
        }
        return MonotonicTime(.now()) - beganAt < options.runTime
    }

    /// As `RequestTemplate` writes it: the number in decimal digits, with leading zeros.
    private func key(_ number: Int) -> [UInt8] {
        let digits = Array(String(number).utf8)
        return [UInt8](repeating: UInt8(ascii: "0"), count: options.keySizeBytes - digits.count)
            + digits
    }

    private var value: [UInt8] {
        [UInt8](repeating: UInt8(ascii: "v"), count: options.valueSizeBytes)
    }
}
