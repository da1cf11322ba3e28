import CommandParsing
import EtcdAPI
import EtcdClient
import Glibc
import ResponseFormatting
import Synchronization

extension CommandTree {
    static let concurrencyActions: [String: Action] = [
        "lock": { try await ConcurrencyCommands.lock($0) },
        "elect": { try await ConcurrencyCommands.elect($0) },
    ]
}

/// lock and elect.
enum ConcurrencyCommands {
    /// How a command ended that held something.
    private enum End: Sendable {
        case signal
        /// A signal arrived before the command held what it waited for.
        case interrupted
        case command(Subprocess.End)
    }

    static func lock(_ invocation: Invocation) async throws {
        guard let name = invocation.arguments.first else {
            throw ToolFailure.arguments(
                "lock takes a lock name argument and an optional command to execute")
        }
        let formatter = try await invocation.formatter()
        let command = Array(invocation.arguments.dropFirst())
        let ttl = Duration.seconds(invocation.flags.int64("ttl"))
        try await untilSignal(invocation, expired: "session expired") { client, acquisition in
            try await client.withLock(name.argumentBytes, ttl: ttl) { lock in
                acquisition.complete()
                guard command.isEmpty else {
                    let text = String(argument: lock.key)
                    return try await execute(command, key: text, lock.revision)
                }
                let response = try await pair(lock.key, client)
                try invocation.print { () throws(UnsupportedFormat) in
                    try formatter.range(response)
                }
                try await Task.sleep(for: .seconds(Int64.max >> 32))
                return .signal
            }
        }
    }

    private static func execute(
        _ command: [String], key: String, _ revision: Revision
    ) async throws -> End {
        .command(
            try await Subprocess.run(
                command, environment: ["ETCD_LOCK_KEY=\(key)", "ETCD_LOCK_REV=\(revision)"]))
    }

    private static func pair(
        _ key: [UInt8], _ client: EtcdClient
    ) async throws -> Etcdserverpb_RangeResponse {
        var request = Etcdserverpb_RangeRequest()
        request.key.append(contentsOf: key)
        return try await client.unary(.range, request)
    }

    static func elect(_ invocation: Invocation) async throws {
        let arguments = invocation.arguments
        guard (1...2).contains(arguments.count) else {
            throw ToolFailure.arguments(
                "elect takes one election name argument and an optional proposal argument")
        }
        let formatter = try await invocation.formatter()
        let listens = invocation.flags.bool("listen")
        if arguments.count == 1 {
            guard listens else {
                throw ToolFailure.arguments("no proposal argument but -l not set")
            }
            return try await observe(arguments[0], invocation, formatter)
        }
        guard !listens else { throw ToolFailure.arguments("proposal given but -l is set") }
        try await untilSignal(
            invocation, expired: "elect: session expired"
        ) { client, acquisition in
            try await client.withElection(
                arguments[0].argumentBytes, value: arguments[1].argumentBytes,
                ttl: .seconds(60)
            ) { leadership in
                acquisition.complete()
                let response = try await pair(leadership.key, client)
                try invocation.print { () throws(UnsupportedFormat) in
                    try formatter.range(response)
                }
                try await Task.sleep(for: .seconds(Int64.max >> 32))
                return .signal
            }
        }
    }

    private static func observe(
        _ name: String, _ invocation: Invocation, _ formatter: ResponseFormatter
    ) async throws {
        try await untilSignal(
            invocation, expired: "elect: observer lost"
        ) { client, acquisition in
            // An observer waits for nothing.
            acquisition.complete()
            for try await leader in client.leaders(of: name.argumentBytes) {
                var response = Etcdserverpb_RangeResponse()
                response.kvs = [Mvccpb_KeyValue(leader)]
                response.count = 1
                let printed = response
                try invocation.print { () throws(UnsupportedFormat) in
                    try formatter.range(printed)
                }
            }
            return .signal
        }
    }

    /// Runs `body` until it ends or a signal arrives, which cancels it: what it holds is released.
    private static func untilSignal(
        _ invocation: Invocation, expired: String,
        _ body: @escaping @Sendable (EtcdClient, Acquisition) async throws -> End
    ) async throws {
        let acquisition = Acquisition()
        let end = try await invocation.withClient { client in
            try await withThrowingTaskGroup(of: End.self) { group in
                group.addTask {
                    do {
                        return try await body(client, acquisition)
                    } catch is CancellationError {
                        return acquisition.isComplete ? .signal : .interrupted
                    } catch let error as EtcdClientError where error.reason == .cancelled {
                        return acquisition.isComplete ? .signal : .interrupted
                    } catch let error as EtcdClientError where error.reason == .leaseLost {
                        throw ToolFailure.operation(expired)
                    }
                }
                group.addTask {
                    await Signals.next()
                    return .signal
                }
                // After a signal a command that runs under a lock may still end with its status.
                let first = try await group.next() ?? .signal
                group.cancelAll()
                let second = try await group.next() ?? .signal
                if case .command = first { return first }
                return second
            }
        }
        switch end {
        case .command(let end) where end.status != 0:
            throw ToolFailure(lines: ["Error: \(end.text)"], status: end.status)
        case .interrupted: throw ToolFailure.operation("context canceled")
        case .command, .signal: break
        }
    }
}

/// Whether a command holds the lock or the leadership that it waits for.
private final class Acquisition: Sendable {
    private let isDone = Atomic(false)

    var isComplete: Bool { isDone.load(ordering: .acquiring) }

    func complete() { isDone.store(true, ordering: .releasing) }
}
