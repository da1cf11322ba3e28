import CoreMetrics
import EtcdClientTesting
import Logging
import Synchronization
import TestSupport
import Testing

@testable import EtcdClient

/// Log lines and metrics of a client.
@Suite("Observation of a client")
struct ObservationTests {
    @Test func aFewLinesOfAnEventAreLoggedInAMinute() {
        var limit = LogLimit()
        func at(_ seconds: UInt64) -> LogLimit.Decision {
            limit.take(now: .uptimeNanoseconds(seconds * 1_000_000_000))
        }
        for second in 1...5 { #expect(at(UInt64(second)) == .log(omitted: 0)) }
        for second in 6...60 { #expect(at(UInt64(second)) == .omit) }
        #expect(at(61) == .log(omitted: 55))
        #expect(at(62) == .log(omitted: 0))
    }

    @Test func anUnreachableEndpointIsLoggedAndNotFlooded() async throws {
        let lines = LogLines()
        let port = try freePort()
        try await EtcdClient.withClient(
            endpoints: ["127.0.0.1:\(port)"], logger: lines.logger(.info)
        ) { client in
            for _ in 0..<10 {
                await expect(reason: .unavailable) {
                    try await client.put("a", "1", timeout: .milliseconds(200))
                }
            }
        }
        let failures = lines.all.filter { $0.hasPrefix("cannot connect") }
        #expect((1...5).contains(failures.count))
        #expect(failures.allSatisfy { $0.contains("127.0.0.1:\(port)") })
    }

    @Test func noSecretIsLogged() async throws {
        let lines = LogLines()
        try await withInMemoryEtcd { etcd in
            var configuration = EtcdClient.Configuration()
            configuration.credentials = .password(name: "root", password: "pass-secret")
            try await EtcdClient.withClient(
                endpoints: [etcd.endpoint], configuration: configuration,
                logger: lines.logger(.trace)
            ) { client in
                try await client.addUser("root", password: "pass-secret")
                try await client.grantRole("root", to: "root")
                try await client.enableAuth()
                try await client.put("key-secret", "value-secret")
                await etcd.stop()
                try await etcd.start()
                // The token is unknown after the restart: another one is fetched.
                #expect(try await client.get("key-secret")?.text == "value-secret")
            }
        }
        #expect(lines.all.contains { $0.hasPrefix("connected") })
        #expect(lines.all.contains { $0.hasPrefix("lost a connection") })
        #expect(lines.all.contains { $0.hasPrefix("repeats a call") })
        #expect(!lines.all.contains { $0.contains("secret") })
    }

    @Test func callsAreMeasuredByMethodAndCode() {
        let factory = RecordedMetrics()
        let metrics = CallMetrics(factory: factory)
        metrics.record(.put, .milliseconds(2), nil)
        metrics.record(.put, .milliseconds(3), nil)
        metrics.record(.put, .milliseconds(1), .deadlineExceeded)
        metrics.recordRepetition(.watch)
        metrics.recordRepetition(.watch)
        let duration = "etcd_client_call_duration_seconds"
        #expect(
            factory.values == [
                "\(duration) method=/etcdserverpb.KV/Put code=OK": 5_000_000,
                "\(duration) method=/etcdserverpb.KV/Put code=DeadlineExceeded": 1_000_000,
                "etcd_client_call_repetitions_total method=/etcdserverpb.Watch/Watch": 2,
            ])
    }
}

/// The lines of a logger, with the values of their metadata.
private final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func logger(_ level: Logger.Level) -> Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = level
        return logger
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let values = (event.metadata ?? [:]).values.map { "\($0)" }
            let line = ([event.message.description] + values).joined(separator: " ")
            lines.lines.withLock { $0.append(line) }
        }
    }
}

/// A metrics system that adds up what is recorded.
private final class RecordedMetrics: MetricsFactory {
    private let sums = Mutex<[String: Int64]>([:])

    var values: [String: Int64] { sums.withLock { $0 } }

    private final class Handler: CounterHandler, TimerHandler, RecorderHandler,
        FloatingPointCounterHandler, MeterHandler
    {
        let name: String
        let metrics: RecordedMetrics

        init(_ label: String, _ dimensions: [(String, String)], _ metrics: RecordedMetrics) {
            name = ([label] + dimensions.map { "\($0)=\($1)" }).joined(separator: " ")
            self.metrics = metrics
        }

        private func add(_ value: Int64) {
            metrics.sums.withLock { $0[name, default: 0] += value }
        }

        func increment(by amount: Int64) { add(amount) }
        func increment(by amount: Double) { add(Int64(amount)) }
        func decrement(by amount: Double) { add(-Int64(amount)) }
        func recordNanoseconds(_ duration: Int64) { add(duration) }
        func record(_ value: Int64) { add(value) }
        func record(_ value: Double) { add(Int64(value)) }
        func set(_ value: Int64) { add(value) }
        func set(_ value: Double) { add(Int64(value)) }
        func reset() {}
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        Handler(label, dimensions, self)
    }

    func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        Handler(label, dimensions, self)
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        Handler(label, dimensions, self)
    }

    func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        Handler(label, dimensions, self)
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        Handler(label, dimensions, self)
    }

    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}
