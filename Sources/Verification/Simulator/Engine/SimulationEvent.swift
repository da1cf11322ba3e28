import Identifiers

/// An event at a virtual time.
enum SimulationEvent {
    case tick(host: Int, run: Int)
    case stage(StageName, host: Int, run: Int)
    /// The next slice of the next segment of a log.
    case prepareSegment(host: Int, run: Int)
    case arrive(Packet)
    /// The next piece of a snapshot transfer.
    case transfer(Int)
    /// A sender learns that its messages to another member are lost.
    case unreachable(host: Int, run: Int, target: MemberID)
    case start(host: Int)
    /// A starting member checks whether others are up.
    case checkForPeers(host: Int, run: Int, attempts: Int)
    /// The next fault of a kind.
    case fault(FaultKind)
    /// A fault is undone.
    case heal(Int)
    /// A client begins a slow read, or continues one.
    case beginSlowRead
    case readSlowly(host: Int, run: Int)
    /// A client begins its next call.
    case client(Int)
    /// A lease holder requests or renews its lease.
    case leaseHolder(Int)
    /// A watch client reads its stream.
    case watchClient(Int)
    case request(CallNumber)
    /// A leader performs the next step of a call about a lease.
    case leaseStep(CallNumber)
    /// A leader renews the batched leases.
    case renewals(host: Int, run: Int)
    /// A read that was released is executed.
    case serve(CallNumber)
    case response(CallNumber, CallResponse)
    /// The client times out.
    case timeout(CallNumber)
    case administrate
    case compactNewest(host: Int)
    /// The leader and the operator check the versions.
    case checkVersions
    /// A removed member stops.
    case retire(host: Int)
    /// A put is sent to a host's member, after faults have ended.
    case probe(host: Int)
    case compareHashes
    /// The operator of users makes the next change.
    case changeUsers
}
