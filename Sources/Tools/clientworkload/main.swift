internal import EtcdClient
internal import NIOPosix

// clientworkload ENDPOINT...: uses a cluster through the client library while faults are injected,
// and writes what it has seen to standard output, a JSON object in each line. The first line of
// standard input ends writers and lock holders, the second line or its end the watchers.
let endpoints = Array(CommandLine.arguments.dropFirst())
let records = Records()

/// Waits for a line of standard input, or its end.
func lineOfInput() async throws {
    try await NIOThreadPool.singleton.runIfActive { _ = readLine() }
}

var configuration = EtcdClient.Configuration()
configuration.timeout = .seconds(4)
configuration.dialTimeout = .milliseconds(500)
try await EtcdClient.withClient(endpoints: endpoints, configuration: configuration) { client in
    try await withThrowingTaskGroup(of: Void.self) { watchers in
        for number in 0..<2 {
            watchers.addTask {
                await WatchRecorder(number: number, client: client, records: records).run()
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { load in
            for number in 0..<4 {
                load.addTask {
                    await Writer(number: number, client: client, records: records).run()
                }
            }
            for number in 0..<3 {
                load.addTask {
                    await LockHolder(number: number, client: client, records: records).run()
                }
            }
            try await lineOfInput()
            load.cancelAll()
        }
        records.write("{\"stopped\": true}")
        try await lineOfInput()
        watchers.cancelAll()
    }
}
