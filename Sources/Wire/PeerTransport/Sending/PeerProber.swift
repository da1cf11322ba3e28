import NIOCore
import NIOHTTP1
import Raft

/// Asks a member again and again whether it lives, how long a round trip takes and what time it
/// is there. One for each of the two ways on which etcd probes.
final class PeerProber: @unchecked Sendable {  // owned by contact.loop
    private let kind: PeerProbeKind
    private let contact: PeerContact
    private let pipeline: Pipeline
    private var choice: PeerURLChoice
    private var probes: RepeatedTask?
    private var look: Scheduled<Void>?
    private var isStopped = false
    private var isHealthy = false
    private var isUnderWay = false
    private var reason = ""
    /// The smoothed round trip time and the other clock's lead, in nanoseconds.
    private var roundTrip = 0.0
    private var clockLead = 0.0

    private static let smoothing = 0.125
    private static let healthyLook = TimeAmount.seconds(30)
    private static let unhealthyLook = TimeAmount.seconds(5)
    private static let driftNanoseconds = 1e9

    init(_ kind: PeerProbeKind, _ contact: PeerContact, _ pipeline: Pipeline) {
        self.kind = kind
        self.contact = contact
        self.pipeline = pipeline
        choice = contact.choice
    }

    func start() {
        let interval = TimeAmount.milliseconds(
            max(contact.environment.settings.probeMilliseconds, 1))
        probes = contact.loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) {
            [weak self] _ in self?.probe()
        }
        look(in: Self.unhealthyLook)
    }

    func stop() {
        isStopped = true
        probes?.cancel()
        look?.cancel()
    }

    private func probe() {
        guard !isStopped, !isUnderWay, let url = choice.current else { return }
        isUnderWay = true
        let start = NIODeadline.now()
        pipeline.exchange(.GET, "/raft/probing", [], nil, to: url) { [weak self] result in
            guard let self else { return }
            isUnderWay = false
            guard !isStopped else { return }
            switch result.map({ ProbeAnswer($0.body) }) {
            case .success(let answer?) where answer.isHealthy: record(answer, since: start)
            case .success: failed("unhealthy answer", url)
            case .failure(let error): failed(error.description, url)
            }
        }
    }

    private func record(_ answer: ProbeAnswer, since start: NIODeadline) {
        isHealthy = true
        reason = ""
        let time = Double((NIODeadline.now() - start).nanoseconds)
        roundTrip = roundTrip * (1 - Self.smoothing) + time * Self.smoothing
        clockLead = Double(PeerClock.nanoseconds() &- answer.nanoseconds) - roundTrip / 2
    }

    private func failed(_ reason: String, _ url: PeerURL) {
        isHealthy = false
        self.reason = reason
        choice.failed(url)
    }

    private func look(in delay: TimeAmount) {
        look = contact.loop.scheduleTask(in: delay) { [weak self] in self?.tell() }
    }

    private func tell() {
        guard !isStopped else { return }
        let environment = contact.environment
        let milliseconds = roundTrip / 1e6
        if !isHealthy {
            environment.owner.note(
                .probeUnhealthy(
                    contact.id, kind, roundTripMilliseconds: milliseconds, reason: reason))
        }
        if clockLead > Self.driftNanoseconds {
            environment.owner.note(
                .clockDrift(
                    contact.id, kind, driftMilliseconds: clockLead / 1e6,
                    roundTripMilliseconds: milliseconds))
        }
        environment.settings.measurements.roundTrip(contact.id, roundTrip / 1e9)
        look(in: isHealthy ? Self.healthyLook : Self.unhealthyLook)
    }
}

/// What a probed member says: `{"OK":true,"Now":"2026-11-22T12:42:57.343876001Z"}`.
struct ProbeAnswer {
    let isHealthy: Bool
    /// Its clock, in nanoseconds since 1970.
    let nanoseconds: Int64

    static func json() -> [UInt8] {
        Array("{\"OK\":true,\"Now\":\"\(PeerClock.timestamp())\"}\n".utf8)
    }

    /// Reads the two fields, names in any case as Go does; nil for what is not their object.
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
