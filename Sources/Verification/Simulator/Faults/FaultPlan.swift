import Disk
import MonotonicClock

/// Kinds of faults that are injected at random times.
package enum FaultKind: Int, CaseIterable, Sendable {
    case crash, powerFailure, halt, pause, leaderFreeze, stageHold
    case partition, oneWayCut, flapping, isolation, brokenConnection, flood
    case synchronizeFailure, fullDisk, stall, hungDisk, clockJump, wipe, bitFlip, pageDamage
    case versionChange, jointChange, removal
    case compactionCrash, defragmentationCrash, installationCrash
}

/// The faults of a run, drawn from its seed.
struct FaultPlan {
    /// Probabilities for messages, in millionths, and their delay.
    struct Network {
        var delay: ClosedRange<TimeSpan> = 100 * .microsecond...2 * .millisecond
        var loss = 0
        var duplication = 0
        var reordering = 0
        var cutTransfers = 0
    }

    let name: String
    var network = Network()
    /// Mean time between two faults of a kind; nil for kinds that are not injected.
    private(set) var intervals: [TimeSpan?]
    /// The largest clock drift, in millionths.
    var drift = 0
    /// Tick lengths of the members, in milliseconds.
    var ticks = [100]
    /// How many times slower than a good disk the disks are.
    var diskSlowness: Int64 = 1
    /// Clients that depend on a lease; nil lets the seed choose.
    var leaseHolders: Int?
    /// Entries between two snapshots; nil lets the seed choose.
    private var snapshotCount: Int?
    private var writeBufferBytesMax: Int?
    let downTime: ClosedRange<TimeSpan>

    /// The faults of a scenario, and nothing that a seed draws.
    init(_ scenario: Scenario) {
        name = "scenario \(scenario.name)"
        intervals = [TimeSpan?](repeating: nil, count: FaultKind.allCases.count)
        downTime = .millisecond ... .second
        network.loss = scenario.lossMillionths
        leaseHolders = scenario.leaseHolders
        snapshotCount = scenario.snapshotCount
        writeBufferBytesMax = scenario.writeBufferBytesMax
        for (kind, interval) in scenario.intervals {
            set(kind, interval)
        }
    }

    init(_ choices: inout SeededGenerator) {
        intervals = [TimeSpan?](repeating: nil, count: FaultKind.allCases.count)
        downTime = .millisecond...(choices.happens(500_000) ? 1 : 8) * .second
        switch choices.number(below: 13) {
        case 0:
            name = "no faults"
        case 1...3:
            let kind = FaultKind.allCases[choices.number(below: FaultKind.allCases.count)]
            name = "only \(kind)"
            set(kind, choices.duration(2 * .second...10 * .second))
        case 4 where choices.happens(250_000):
            name = "slow disks"
            diskSlowness = 10 + Int64(choices.number(below: 40))
            set(.stall, choices.duration(2 * .second...10 * .second))
        case 4:
            name = "bad network"
            drawNetwork(&choices, severity: 4)
        case 5...7:
            name = "mixed"
            drawNetwork(&choices, severity: 1)
            drawClocks(&choices)
            drawDisks(&choices)
            for kind in FaultKind.allCases where choices.happens(600_000) {
                set(kind, choices.duration(10 * .second...80 * .second))
            }
        case 8:
            name = "frozen leaders"
            set(.leaderFreeze, choices.duration(4 * .second...9 * .second))
            if choices.happens(500_000) { drawClocks(&choices) }
            leaseHolders = 16
        case 9:
            name = "many snapshots"
            snapshotCount = 8 + choices.number(below: 20)
            set(.isolation, choices.duration(.second...4 * .second))
            let others: [FaultKind] = [
                .installationCrash, .crash, .powerFailure, .halt, .stageHold, .stall, .pause,
            ]
            for kind in others where choices.happens(700_000) {
                set(kind, choices.duration(.second...8 * .second))
            }
        default:
            name = "many faults"
            drawNetwork(&choices, severity: 2)
            drawClocks(&choices)
            drawDisks(&choices)
            for kind in FaultKind.allCases where choices.happens(800_000) {
                set(kind, choices.duration(3 * .second...40 * .second))
            }
        }
    }

    /// Makes logs so short that a member that was away for a while needs a snapshot, if requested.
    func adjust(_ limits: inout MemberLimits) {
        if let writeBufferBytesMax {
            limits.configuration.writeBufferBytesMax = writeBufferBytesMax
        }
        guard let snapshotCount else { return }
        limits.snapshotCount = snapshotCount
        limits.catchUpEntries = 5
    }

    func interval(of kind: FaultKind) -> TimeSpan? { intervals[kind.rawValue] }

    private mutating func set(_ kind: FaultKind, _ interval: TimeSpan) {
        intervals[kind.rawValue] = interval
    }

    private mutating func drawNetwork(_ choices: inout SeededGenerator, severity: Int) {
        let slowest = choices.duration(.millisecond...Int64(severity) * 60 * .millisecond)
        network.delay = 50 * .microsecond...max(slowest, .millisecond)
        if choices.happens(600_000) { network.loss = choices.number(below: severity * 40_000) }
        if choices.happens(500_000) {
            network.duplication = choices.number(below: severity * 40_000)
        }
        if choices.happens(500_000) {
            network.reordering = choices.number(below: severity * 80_000)
        }
        if choices.happens(500_000) {
            network.cutTransfers = choices.number(below: severity * 100_000)
        }
    }

    private mutating func drawDisks(_ choices: inout SeededGenerator) {
        if choices.happens(300_000) { diskSlowness = 2 + Int64(choices.number(below: 30)) }
    }

    private mutating func drawClocks(_ choices: inout SeededGenerator) {
        if choices.happens(500_000) { drift = 1 + choices.number(below: 100_000) }
        if choices.happens(300_000) { ticks = [80, 100, 100, 130] }
    }
}
