import Disk
import EtcdAPI
import Identifiers
import PeerTransport
import Raft
import SnapshotRestore
import WriteAheadLog

/// The transfer of a snapshot and its database from one member to another.
struct Transfer {
    let message: [UInt8]
    let index: LogIndex
    let image: [UInt8]
    let from: (host: Int, run: Int)
    let to: (host: Int, run: Int)
    let target: MemberID
    var file: (any DiskFile)?
    var written = 0
}

/// Snapshots are sent in pieces; either end or the link may fail in between.
extension Simulation {
    private static let pieceBytes = 16 << 10

    func send(_ message: Raft.Message, database image: [UInt8], from member: SimulatedMember) {
        let sender = (member.host.number, member.run)
        guard let number = hostNumbers[message.to], let target = hosts[number].member,
            let snapshot = message.snapshot
        else { return report(message.to, to: sender, isDelivered: false) }
        transfers[nextTransfer] = Transfer(
            message: RaftMessage(message).encoded(), index: snapshot.index, image: image,
            from: sender, to: (number, target.run), target: message.to)
        schedule(.transfer(nextTransfer), after: timing.duration(plan.network.delay))
        nextTransfer += 1
    }

    /// The next piece arrives.
    func proceed(_ number: Int) throws {
        guard var transfer = transfers[number] else { return }
        let host = hosts[transfer.to.host]
        let isCut =
            host.member(ofRun: transfer.to.run) == nil
            || hosts[transfer.from.host].member(ofRun: transfer.from.run) == nil
            || network.isCut(from: transfer.from.host, to: transfer.to.host)
            || (isFaultPhase && faultRandom.happens(plan.network.cutTransfers))
        guard !isCut else { return abandon(number) }
        if host.pausedUntil > now {
            return schedule(.transfer(number), after: host.pausedUntil - now)
        }
        try attempt(host) { try receive(&transfer, number, host) }
        // Unless the host has stopped during the call, which has ended the transfer.
        guard transfers[number] != nil, host.member(ofRun: transfer.to.run) != nil else { return }
        transfers[number] = transfer
        if transfer.written < transfer.image.count || transfer.file != nil {
            schedule(.transfer(number), after: timing.duration(.millisecond...20 * .millisecond))
        }
    }

    private func receive(_ transfer: inout Transfer, _ number: Int, _ host: Host) throws {
        guard let member = host.member else { return }
        let path = member.snapshots.temporaryDatabasePath(index: transfer.index)
        guard let file = transfer.file else {
            guard !isReceiving(transfer.index, host) else { return abandon(number) }
            if mutant == .snapshotBeforeDatabase { deliver(transfer, to: member) }
            let file = try host.disk.open(path, .create(permissions: 0o600))
            try file.truncate(to: 0)
            transfer.file = file
            return
        }
        if transfer.written < transfer.image.count {
            let end = min(transfer.written + Self.pieceBytes, transfer.image.count)
            try transfer.image[transfer.written..<end].withUnsafeBytes { bytes in
                try file.write(bytes, at: transfer.written)
            }
            transfer.written = end
            return
        }
        try file.synchronize()
        file.close()
        transfer.file = nil
        try check(transfer, at: path, host)
        try member.snapshots.commitDatabase(index: transfer.index)
        printTrace("host \(host.number) has received the database of snapshot \(transfer.index)")
        transfers[number] = nil
        if mutant != .snapshotBeforeDatabase { deliver(transfer, to: member) }
        report(transfer.target, to: transfer.from, isDelivered: true)
    }

    /// Checks a received database before it gets its name, as the server does.
    private func check(_ transfer: Transfer, at path: String, _ host: Host) throws {
        let term = try RaftMessage(decoding: transfer.message).snapshot?.metadata.term ?? 0
        let old = try SnapshotDatabase(disk: host.disk, path: path)
            .accept(index: transfer.index, term: Term(term))
        guard old == nil else {
            throw SimulationFailure("a sent database is older than its snapshot")
        }
    }

    private func deliver(_ transfer: Transfer, to member: SimulatedMember) {
        guard let record = try? RaftMessage(decoding: transfer.message),
            let message = Raft.Message(record)
        else { return }
        member.receive(message)
    }

    private func isReceiving(_ index: LogIndex, _ host: Host) -> Bool {
        transfers.values.contains { other in
            other.file != nil && other.index == index && other.to.host == host.number
        }
    }

    func abandon(_ number: Int) {
        guard let transfer = transfers.removeValue(forKey: number) else { return }
        report.count(.snapshotsCut)
        if let file = transfer.file {
            file.close()
            let host = hosts[transfer.to.host]
            if let member = host.member(ofRun: transfer.to.run) {
                let path = member.snapshots.temporaryDatabasePath(index: transfer.index)
                if host.disk.exists(path) { try? host.disk.remove(path) }
            }
        }
        report(transfer.target, to: transfer.from, isDelivered: false)
    }

    func abandonTransfers(with host: Host) {
        for number in transfers.keys.sorted() {
            guard let transfer = transfers[number] else { continue }
            if transfer.to.host == host.number || transfer.from.host == host.number {
                abandon(number)
            }
        }
    }

    private func report(
        _ target: MemberID, to sender: (host: Int, run: Int), isDelivered: Bool
    ) {
        hosts[sender.host].member(ofRun: sender.run)?
            .post(.replica(.snapshotSent(to: target, isDelivered: isDelivered)))
    }
}
