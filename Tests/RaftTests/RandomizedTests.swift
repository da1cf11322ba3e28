import Identifiers
import Testing

@testable import Raft

/// Clusters under loss, reordering, duplication, crashes, torn writes, partitions and configuration
/// changes. Every step is checked; in the end the faults stop and all members must agree.
@Suite struct RandomizedTests {
    @Test(arguments: 1...40) func staysSafeAndRecovers(seed: Int) throws {
        var run = RandomizedRun(seed: UInt64(seed))
        try run.perform(steps: 20_000)
        #expect(run.cluster.checker.violations.isEmpty, "seed \(seed)")
        try run.recover()
        #expect(run.cluster.checker.violations.isEmpty, "seed \(seed), after the faults")
        #expect(run.cluster.checker.committedIndex > LogIndex(10), "seed \(seed): no progress")
    }

    @Test func isDeterministic() throws {
        var first = RandomizedRun(seed: 7)
        var second = RandomizedRun(seed: 7)
        try first.perform(steps: 2_000)
        try second.perform(steps: 2_000)
        #expect(first.cluster.network == second.cluster.network)
        #expect(first.cluster.checker.committedIndex == second.cluster.checker.committedIndex)
    }
}

/// One randomized run of a cluster.
struct RandomizedRun {
    var cluster = TestCluster()
    var random: TestRandom
    private var command: UInt64 = 0
    /// Committed index when a read was requested, by its context.
    private var readBounds: [UInt64: LogIndex] = [:]
    private let initialMemberCount: Int

    init(seed: UInt64) {
        random = TestRandom(seed: seed)
        initialMemberCount = 3 + random.below(3)
        let initialPeers = (1...initialMemberCount).map {
            InitialPeer(id: MemberID(UInt64($0)), context: [])
        }
        let hasPreVote = random.chance(70)
        let hasCheckQuorum = random.chance(70)
        // Two more members may join later.
        for id in 1...initialMemberCount + 2 {
            let configuration = RaftConfiguration(
                id: MemberID(UInt64(id)), preVote: hasPreVote, checkQuorum: hasCheckQuorum,
                messageBytesMax: 100, inflightMessagesMax: 1 + random.below(8),
                uncommittedBytesMax: 2_000, unstableBytesMax: 400, applyingBytesMax: 200,
                seed: seed &* 100 &+ UInt64(id))
            if id <= initialMemberCount {
                cluster.members.append(TestMember(configuration, initialPeers: initialPeers))
            } else if let joining = try? TestMember(configuration, disk: TestDisk()) {
                cluster.members.append(joining)
            }
        }
    }

    mutating func perform(steps: Int) throws {
        for _ in 0..<steps {
            try performOne()
            if !cluster.checker.violations.isEmpty { return }
        }
    }

    private mutating func performOne() throws {
        let position = random.below(cluster.members.count)
        switch random.below(1_000) {
        case 0..<350:
            // Delivers more messages from a longer queue, so that it stays short.
            for _ in 0...cluster.network.count / 8 { deliverOne() }
        case 350..<500: cluster.takeReady(of: position)
        case 500..<620: cluster.finishWrite(of: position)
        case 620..<740: cluster.apply(at: position)
        case 740..<770:
            if cluster.members[position].isUp { cluster.members[position].machine.tick() }
        case 770..<800: tickAll()
        case 800..<880: propose(at: position)
        case 880..<920: read(at: position)
        case 920..<935: changeMembership(at: position)
        case 935..<940: crash(position)
        case 940..<960: if !cluster.members[position].isUp { try restart(position) }
        case 960..<963: isolate(position)
        case 963..<970: cluster.partitions = []
        case 970..<977: transfer(from: position)
        case 977..<980: disturbDisk(of: position)
        case 980..<990: compact(position)
        default:
            if cluster.members[position].isUp {
                let other = MemberID(UInt64(1 + random.below(cluster.members.count)))
                cluster.members[position].machine.reportUnreachable(other)
            }
        }
        if cluster.members[position].isUp {
            cluster.checker.observe(cluster.members[position].machine)
            checkReads(of: position)
            checkUnstableBytes(of: cluster.members[position].machine.log)
        }
    }

    /// Delivers the oldest message in most cases, or a random one; duplicates or loses some.
    private mutating func deliverOne() {
        guard !cluster.network.isEmpty else { return }
        let chosen = random.chance(80) ? 0 : random.below(cluster.network.count)
        let message = cluster.network[chosen]
        if random.chance(5) {
            cluster.network.append(message)
        }
        cluster.network.remove(at: chosen)
        if random.chance(4) {
            cluster.lose(message)
        } else {
            cluster.deliver(message)
        }
    }

    private mutating func tickAll() {
        for position in cluster.members.indices where cluster.members[position].isUp {
            cluster.members[position].machine.tick()
        }
    }

    private mutating func propose(at position: Int) {
        guard cluster.members[position].isUp else { return }
        let batch = (0...random.below(4)).map { _ in
            command += 1
            return Proposal(data: withUnsafeBytes(of: command) { Array($0) })
        }
        try? cluster.members[position].machine.propose(batch)
    }

    private mutating func read(at position: Int) {
        guard cluster.members[position].isUp else { return }
        command += 1
        if (try? cluster.members[position].machine.readIndex(context: command)) != nil {
            readBounds[command] = cluster.checker.committedIndex
        }
    }

    private mutating func checkReads(of position: Int) {
        for read in cluster.members[position].reads {
            if let bound = readBounds[read.context], read.index < bound {
                cluster.checker.report("a read at \(read.index.rawValue) misses \(bound.rawValue)")
            }
        }
        cluster.members[position].reads = []
    }

    private mutating func checkUnstableBytes(of log: RaftLog) {
        let start = max(log.stable, log.compacted.index)
        let bytes = log.dataBytes(after: start, through: log.lastIndex)
        if log.unstableBytes != bytes {
            cluster.checker.report("\(bytes) bytes are unstable, \(log.unstableBytes) are counted")
        }
    }

    private mutating func changeMembership(at position: Int) {
        guard cluster.members[position].machine.isLeader else { return }
        let types: [ConfChangeType] = [.addVoter, .addLearner, .remove, .update]
        let changes = (0...random.below(3)).map { _ in
            ConfChangeSingle(
                type: types[random.below(4)],
                member: MemberID(UInt64(1 + random.below(cluster.members.count))))
        }
        // Members 1 and 2 are never changed.
        let kept = changes.filter { $0.member > MemberID(2) }
        if random.chance(30) {
            try? cluster.members[position].machine.proposeConfChange(.leaveJoint)
        } else if let first = kept.first {
            let transition: ConfChangeTransition = random.chance(30) ? .jointExplicit : .automatic
            let change = ConfChangeV2(
                transition: transition, changes: kept.count > 1 ? kept : [first])
            try? cluster.members[position].machine.proposeConfChange(change)
        }
    }

    private mutating func crash(_ position: Int) {
        guard cluster.members[position].isUp else { return }
        if random.chance(50) {
            cluster.members[position].disk.application =
                durableApplication(of: cluster.members[position])
        }
        let kept = random.below(cluster.members[position].writes.count + 1)
        cluster.members[position].crash(keeping: kept, tornEntries: random.below(3))
    }

    /// The application state that may be durable: never ahead of the durable log.
    private func durableApplication(of member: TestMember) -> TestApplication {
        let end = member.disk.compacted.index + member.disk.entries.count
        let isAhead = member.application.applied > end
        let isOlder = member.application.applied < member.disk.application.applied
        return isAhead || isOlder ? member.disk.application : member.application
    }

    private mutating func restart(_ position: Int) throws {
        cluster.checker.forget(cluster.members[position].configuration.id)
        try cluster.members[position].restart()
    }

    private mutating func isolate(_ position: Int) {
        let id = cluster.members[position].configuration.id
        for other in cluster.members where other.configuration.id != id && random.chance(70) {
            cluster.partitions.insert([id, other.configuration.id])
        }
    }

    private mutating func transfer(from position: Int) {
        guard cluster.members[position].isUp else { return }
        let target = MemberID(UInt64(1 + random.below(cluster.members.count)))
        try? cluster.members[position].machine.transferLeadership(to: target)
    }

    /// Hangs or resumes the disk; whether the stall is reported is independent of it.
    private mutating func disturbDisk(of position: Int) {
        guard cluster.members[position].isUp else { return }
        cluster.members[position].isDiskHung = random.chance(50)
        cluster.members[position].machine.setLogStalled(random.chance(50))
    }

    private mutating func compact(_ position: Int) {
        guard cluster.members[position].isUp else { return }
        let member = cluster.members[position]
        cluster.members[position].disk.application = durableApplication(of: member)
        cluster.members[position].disk.compact(to: member.disk.application.applied)
        cluster.members[position].machine.compactLog(to: member.application.applied)
    }

    /// Ends all faults and advances time until all members have applied the same entries.
    mutating func recover() throws {
        cluster.partitions = []
        for position in cluster.members.indices {
            if !cluster.members[position].isUp { try restart(position) }
            cluster.members[position].isDiskHung = false
            cluster.members[position].machine.setLogStalled(false)
        }
        for tick in 0..<200 {
            for position in cluster.members.indices {
                cluster.members[position].machine.tick()
            }
            cluster.settle()
            if let leader = cluster.members.first(where: { $0.machine.isLeader }), tick > 60 {
                try? cluster.members[cluster.position(of: leader.configuration.id) ?? 0].machine
                    .propose([Proposal(data: [1])])
                cluster.settle()
                checkAgreement(with: leader)
                return
            }
        }
        cluster.checker.report("no leader after the faults ended")
    }

    private mutating func checkAgreement(with leader: TestMember) {
        guard let position = cluster.position(of: leader.configuration.id) else { return }
        let now = cluster.members[position]
        let state = now.application.confState
        for member in cluster.members {
            let id = member.configuration.id
            guard state.voters.contains(id) || state.learners.contains(id) else { continue }
            if member.application.applied != now.application.applied {
                cluster.checker.report("member \(id.rawValue) does not catch up")
            }
            if member.application.confState != state {
                cluster.checker.report("member \(id.rawValue) has a different membership")
            }
        }
    }
}
