import Disk
import EtcdAPI
import Judges
import Linearizability
import StateMachine

/// The number of a client's call.
typealias CallNumber = Int

/// What a client is told.
enum CallAnswer {
    case applied(ApplyOutcome)
    /// A lease lives for so many seconds from now on.
    case renewed(Int64)
    /// There is no such lease; with what the judge had against it.
    case noLease(SimulationFailure?)
    /// How long a lease lives was told; with what the judge had against it.
    case reported(SimulationFailure?)
    /// The request was not taken, and has no effect.
    case refused
    /// Nobody knows what became of it.
    case lost
}

/// What a client asked for.
enum CallKind {
    /// Something that goes through the log.
    case store(StoreOperation)
    /// A read, or one of the member's own state.
    case read(ReadRequest, isSerializable: Bool)
    case compaction
    case grant(lease: Int64, seconds: Int64)
    case keepAlive(lease: Int64)
    case revoke(lease: Int64)
    case timeToLive(lease: Int64)
    /// A change of the membership.
    case membership
    /// A put that has to be answered once faults have ended.
    case probe(host: Int)

    /// The operation as it goes into the history.
    var recorded: StoreOperation? {
        switch self {
        case .store(let operation): operation
        case .probe(let host): .put(key: "probe", value: "\(host)")
        default: nil
        }
    }
}

/// A call that is under way.
struct Call {
    let client: Int
    let kind: CallKind
    let calledAt: Int
    let host: Int
    let run: Int
    let request: CallRequest
    let beganAt: Nanoseconds
    /// Whose lease it is about, if a holder called.
    var holder: Int?
}

/// A call as the member gets it.
enum CallRequest {
    case propose(field: UInt32, payload: [UInt8])
    case read
    case readHere
    /// Only a leader renews; others ask it.
    case renew(lease: Int64)
    /// Only a leader's clocks tell how long a lease lives; others ask it.
    case report(lease: Int64)
    case changeMembership(type: UInt8, member: UInt64, context: [UInt8])
}

/// The clients, and what they did.
struct ClientPopulation {
    struct Client {
        var load: ClientLoad
        /// How long it rests between two calls.
        let rest: Nanoseconds
        let isFaithful: Bool
        var host: Int
    }

    var all: [Client] = []
    var calls: [CallNumber: Call] = [:]
    var nextCall: CallNumber = 0
    /// All that was called, for the judge.
    var history: [StoreCall] = []
    /// Places in the history of calls that nobody was answered.
    var unknown: [(place: Int, call: CallNumber)] = []
    /// What the entries of calls came to that are not answered yet, as the first member saw it.
    var carriedOut: [CallNumber: ApplyOutcome] = [:]
    /// Calls that were told of a full database, and whose entries were carried out all the same.
    var doneWithoutAnswer: Set<CallNumber> = []
    /// Orders beginnings and ends of calls.
    private var moment = 0
    var leases: [Int64] = []
    /// Calls that a leader is at, and batches of them that wait for its read.
    var leaseCalls: [CallNumber: LeaseCall] = [:]
    var renewalBatches: [CallNumber: RenewalBatch] = [:]
    var nextLease: Int64 = 1000
    /// The newest revision a client was told of.
    var newestRevision: Int64 = 1
    var newestCompaction: Int64 = 0
    /// What clients choose their next calls by.
    var knowledge: LoadKnowledge {
        LoadKnowledge(leases: leases, newestRevision: newestRevision)
    }
    /// Hosts whose probes are still unanswered.
    var unansweredProbes: [Int] = []

    init() {}

    init(_ choices: inout SeededGenerator) {
        let count = 2 + choices.number(below: 7)
        let rest = choices.duration(20 * .millisecond...500 * .millisecond)
        for number in 0..<count {
            all.append(
                Client(
                    load: ClientLoad(client: number), rest: rest,
                    isFaithful: choices.happens(500_000), host: choices.number(below: 16)))
        }
    }

    /// The history with what became of the calls that nobody was answered: those whose entries were
    /// applied have their outcome, the others had no effect.
    func disclosed() throws -> [StoreCall] {
        var calls = history
        for (place, number) in unknown.reversed() {
            guard !doneWithoutAnswer.contains(number) else { continue }
            guard let outcome = carriedOut[number], !outcome.isFailure else {
                calls.remove(at: place)
                continue
            }
            let call = calls[place]
            calls[place] = StoreCall(
                client: call.client, operation: call.operation, calledAt: call.calledAt,
                outcome: try StoreOutcome(outcome), returnedAt: .max)
        }
        return calls
    }

    mutating func takeMoment() -> Int {
        moment += 1
        return moment
    }
}

extension ApplyOutcome {
    var isFailure: Bool {
        if case .failed = result { return true }
        return false
    }
}
