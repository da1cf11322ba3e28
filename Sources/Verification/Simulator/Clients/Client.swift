import Disk
import Auth
import EtcdAPI
import Checkers
import Identifiers
import Linearizability
import MonotonicClock
import StateMachine

/// The number of a client's call.
typealias CallNumber = Int

/// The response to a client's call.
enum CallResponse {
    case applied(ApplyResponse)
    /// The lease is renewed for so many seconds.
    case renewed(Int64)
    /// There is no such lease; with the checker's finding against that.
    case noLease(SimulationFailure?)
    /// A time-to-live response was received; with the checker's finding against it.
    case reported(SimulationFailure?)
    /// The request was refused, and has no effect.
    case refused
    /// The effect of the request is unknown.
    case lost
}

/// The request of a client.
enum CallKind {
    /// A request that goes through the log.
    case store(StoreOperation)
    /// A read, linearizable or serializable.
    case read(RecordedRead, isSerializable: Bool)
    case compaction
    case grant(lease: Int64, seconds: Int64)
    case keepAlive(lease: Int64)
    case revoke(lease: Int64)
    case timeToLive(lease: Int64)
    /// A change of the membership.
    case membership
    /// A put that must succeed once faults have ended.
    case probe(host: Int)
    /// A change of users or roles.
    case users(AuthChange)

    /// The operation as it goes into the history.
    var recorded: StoreOperation? {
        switch self {
        case .store(let operation): operation
        case .probe(let host): .put(key: "probe", value: "\(host)")
        default: nil
        }
    }
}

/// A call in progress.
struct Call {
    let client: Int
    let kind: CallKind
    let calledAt: Int
    let host: Int
    let run: Int
    let request: CallRequest
    let beganAt: VirtualTime
    /// The lease holder that made the call, if any.
    var holder: Int?
    /// Who makes the call.
    let identity: Identity
    /// Whether the member permitted it when it arrived; for a mutant that asks no later.
    var isPermittedOnArrival = true
}

/// A call as the member receives it.
enum CallRequest {
    case propose(field: UInt32, payload: [UInt8])
    case read
    case readSerializable
    /// Only a leader renews; other members forward to it.
    case renew(lease: Int64)
    /// Only a leader's clocks give the remaining time; other members forward to it.
    case timeToLive(lease: Int64)
    case changeMembership(type: UInt8, member: MemberID, context: [UInt8])
}

/// The clients and their calls.
struct ClientPopulation {
    struct Client {
        var load: ClientLoad
        /// The longest pause between two calls.
        let rest: TimeSpan
        let isSticky: Bool
        var host: Int
        /// nil while the run has no users.
        var credentials: Credentials?
    }

    var all: [Client] = []
    var calls: [CallNumber: Call] = [:]
    var nextCall: CallNumber = 0
    /// All calls, for the linearizability check.
    var history: [StoreCall] = []
    /// Calls in the history that never completed.
    var unknown: [(index: Int, call: CallNumber)] = []
    /// The applied entries of pending calls.
    var appliedEntries: [CallNumber: LogIndex] = [:]
    /// Calls that failed with `noSpace` although their entries were applied.
    var appliedDespiteNoSpace: Set<CallNumber> = []
    /// Orders calls and returns.
    private var timestamp = 0
    var leases: [Int64] = []
    /// Calls that a leader processes, and batches of them that wait for its read.
    var leaseCalls: [CallNumber: LeaseCall] = [:]
    var renewalBatches: [CallNumber: RenewalBatch] = [:]
    var nextLease: Int64 = 1000
    /// The newest revision in a response.
    var newestRevision: Revision = 1
    var newestCompaction: Revision = 0
    /// What clients choose their next calls by.
    var knowledge: LoadKnowledge {
        LoadKnowledge(leases: leases, newestRevision: newestRevision)
    }
    /// Hosts whose probes are pending.
    var pendingProbes: [Int] = []

    init() {}

    init(_ choices: inout SeededGenerator) {
        let count = 2 + choices.number(below: 7)
        let rest = choices.duration(20 * .millisecond...500 * .millisecond)
        for number in 0..<count {
            all.append(
                Client(
                    load: ClientLoad(client: number), rest: rest,
                    isSticky: choices.happens(500_000), host: choices.number(below: 16)))
        }
    }

    /// The history in which the effect of pending calls is known: those whose entries were applied
    /// get their response, the others had no effect and are left out.
    func resolvedHistory(_ record: ClusterRecord) -> [StoreCall] {
        var calls = history
        for (index, number) in unknown.reversed() {
            guard !appliedDespiteNoSpace.contains(number) else { continue }
            guard let response = appliedEntries[number].flatMap(record.response) else {
                calls.remove(at: index)
                continue
            }
            let call = calls[index]
            calls[index] = StoreCall(
                client: call.client, operation: call.operation, calledAt: call.calledAt,
                response: response, returnedAt: .max)
        }
        return calls
    }

    mutating func nextTimestamp() -> Int {
        timestamp += 1
        return timestamp
    }
}
