package import MonotonicClock

/// Counters of the metrics `grpc_server_*` for one method, and the bytes of its messages.
package struct GRPCMethodCounters: Sendable {
    private static let handlingTimeBucketsMilliseconds: [Int64] = [
        5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000,
    ]
    private static let handlingTimeBuckets = handlingTimeBucketsMilliseconds.map {
        TimeSpan.milliseconds($0)
    }
    /// Upper bounds of the handling time buckets, in seconds.
    package static let handlingTimeBucketsSeconds = handlingTimeBucketsMilliseconds.map {
        Double($0) / 1000
    }

    package var started = 0
    /// Completed calls, by status code.
    package var handled = [Int](repeating: 0, count: 17)
    package var messagesReceived = 0
    package var messagesSent = 0
    package var bytesReceived = 0
    package var bytesSent = 0
    /// Calls by handling time, one counter per bucket and one for longer calls.
    package var handlingTime = [Int](repeating: 0, count: 12)
    package var handlingTimeSum = TimeSpan.zero

    mutating func recordHandlingTime(_ time: TimeSpan) {
        let bucket = Self.handlingTimeBuckets.firstIndex { time <= $0 } ?? 11
        handlingTime[bucket] += 1
        handlingTimeSum = handlingTimeSum + time
    }

    mutating func add(_ other: GRPCMethodCounters) {
        started += other.started
        messagesReceived += other.messagesReceived
        messagesSent += other.messagesSent
        bytesReceived += other.bytesReceived
        bytesSent += other.bytesSent
        handlingTimeSum = handlingTimeSum + other.handlingTimeSum
        for index in handled.indices { handled[index] += other.handled[index] }
        for index in handlingTime.indices { handlingTime[index] += other.handlingTime[index] }
    }
}
