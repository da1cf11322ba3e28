import MonotonicClock
import NIOCore
import NIOHTTP1
import Raft

/// Periodically probes a member's health, round-trip time and clock difference. One for each of the
/// two round trippers that etcd probes.
final class PeerProber: @unchecked Sendable {  // owned by contact.loop
    private let kind: PeerProbeKind
    private let contact: PeerContact
    private let pipeline: Pipeline
    private var urlPicker: PeerURLPicker
    private var probes: RepeatedTask?
    private var statusCheck: Scheduled<Void>?
    private var isStopped = false
    private var isHealthy = false
    private var isProbing = false
    private var reason = ""
    /// The smoothed round-trip time.
    private var roundTrip = TimeSpan.zero
    private var clockDifference = TimeSpan.zero

    /// A measured time counts for an eighth of the smoothed one.
    private static let smoothing: Int64 = 8
    private static let healthyInterval = TimeAmount.seconds(30)
    private static let unhealthyInterval = TimeAmount.seconds(5)
    private static let clockDriftMax = TimeSpan.seconds(1)

    init(_ kind: PeerProbeKind, _ contact: PeerContact, _ pipeline: Pipeline) {
        self.kind = kind
        self.contact = contact
        self.pipeline = pipeline
        urlPicker = contact.urlPicker
    }

    func start() {
        let interval = TimeAmount(
            max(contact.environment.configuration.probeInterval, .milliseconds(1)))
        probes = contact.loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) {
            [weak self] _ in self?.probe()
        }
        scheduleStatusCheck(in: Self.unhealthyInterval)
    }

    func stop() {
        isStopped = true
        probes?.cancel()
        statusCheck?.cancel()
    }

    private func probe() {
        guard !isStopped, !isProbing, let url = urlPicker.current else { return }
        isProbing = true
        let start = NIODeadline.now()
        pipeline.exchange(.GET, "/raft/probing", [], nil, to: url) { [weak self] result in
            guard let self else { return }
            isProbing = false
            guard !isStopped else { return }
            switch result.map({ ProbeResponse($0.body) }) {
            case .success(let response?) where response.isHealthy: record(response, since: start)
            case .success: failed("unhealthy response", url)
            case .failure(let error): failed(error.description, url)
            }
        }
    }

    private func record(_ response: ProbeResponse, since start: NIODeadline) {
        isHealthy = true
        reason = ""
        let time = TimeSpan(NIODeadline.now() - start)
        roundTrip = (roundTrip * (Self.smoothing - 1) + time) / Self.smoothing
        let difference = TimeSpan(nanoseconds: PeerClock.nanoseconds() &- response.nanoseconds)
        clockDifference = difference - roundTrip / 2
    }

    private func failed(_ reason: String, _ url: PeerURL) {
        isHealthy = false
        self.reason = reason
        urlPicker.unreachable(url)
    }

    private func scheduleStatusCheck(in delay: TimeAmount) {
        statusCheck = contact.loop.scheduleTask(in: delay) { [weak self] in self?.reportStatus() }
    }

    private func reportStatus() {
        guard !isStopped else { return }
        let environment = contact.environment
        if !isHealthy {
            environment.delegate.record(
                .probeUnhealthy(contact.id, kind, roundTrip: roundTrip, reason: reason))
        }
        if clockDifference > Self.clockDriftMax {
            environment.delegate.record(
                .clockDrift(contact.id, kind, drift: clockDifference, roundTrip: roundTrip))
        }
        environment.configuration.measurements.roundTrip(contact.id, roundTrip)
        scheduleStatusCheck(in: isHealthy ? Self.healthyInterval : Self.unhealthyInterval)
    }
}

/// Response to a probe: `{"OK":true,"Now":"2026-11-22T12:42:57.343876001Z"}`.
struct ProbeResponse {
    let isHealthy: Bool
    /// Its clock, in nanoseconds since 1970.
    let nanoseconds: Int64

    static func json() -> [UInt8] {
        Array("{\"OK\":true,\"Now\":\"\(PeerClock.timestamp())\"}\n".utf8)
    }

    /// Parses the two fields, with case-insensitive names as in Go; nil for other input.
    init?(_ body: [UInt8]) {
        let text = String(decoding: body, as: UTF8.self).filter { !$0.isWhitespace }
        guard text.hasPrefix("{"), text.hasSuffix("}") else { return nil }
        var isHealthy = false
        var time: Int64?
        for field in text.dropFirst().dropLast().split(separator: ",") {
            let parts = field.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            switch parts[0].lowercased() {
            case "\"ok\"": isHealthy = parts[1] == "true"
            case "\"now\"":
                guard parts[1].count > 2, parts[1].hasPrefix("\""), parts[1].hasSuffix("\"") else {
                    return nil
                }
                time = PeerClock.nanoseconds(timestamp: String(parts[1].dropFirst().dropLast()))
            default: break
            }
        }
        guard let time else { return nil }
        self.isHealthy = isHealthy
        nanoseconds = time
    }
}
