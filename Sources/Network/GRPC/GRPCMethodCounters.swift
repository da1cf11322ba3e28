/// Counters of the metrics `grpc_server_*` for one method, and the bytes of its messages.
package struct GRPCMethodCounters: Sendable {
    /// Upper bounds of the handling time buckets, in seconds.
    package static let handlingTimeBucketsSeconds: [Double] = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    private static let bucketsMilliseconds: [Int64] = [
        5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000,
    ]

    package var started = 0
    /// Completed calls, by status code.
    package var handled = [Int](repeating: 0, count: 17)
    package var messagesReceived = 0
    package var messagesSent = 0
    package var bytesReceived = 0
    package var bytesSent = 0
    /// Calls by handling time, one counter per bucket and one for longer calls.
    package var handlingTime = [Int](repeating: 0, count: 12)
    package var handlingMillisecondsSum: Int64 = 0

    mutating func recordHandlingTime(milliseconds: Int64) {
        let bucket = Self.bucketsMilliseconds.firstIndex { milliseconds <= $0 } ?? 11
        handlingTime[bucket] += 1
        handlingMillisecondsSum += milliseconds
    }

    mutating func add(_ other: GRPCMethodCounters) {
        started += other.started
        messagesReceived += other.messagesReceived
        messagesSent += other.messagesSent
        bytesReceived += other.bytesReceived
        bytesSent += other.bytesSent
        handlingMillisecondsSum += other.handlingMillisecondsSum
        for index in handled.indices { handled[index] += other.handled[index] }
        for index in handlingTime.indices { handlingTime[index] += other.handlingTime[index] }
    }
}
