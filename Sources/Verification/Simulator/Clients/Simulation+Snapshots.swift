import Disk
import Identifiers
import Membership
import SnapshotRestore

/// Snapshots that clients take, each restored at once as the first member of another cluster.
extension Simulation {
    /// - Parameters:
    ///   - image: the database that a member sent.
    ///   - index: the applied index in the database.
    func restore(_ image: [UInt8], at index: LogIndex, from host: Host) throws {
        let restored = Membership.Member(
            id: .init(rawValue: 0xFFFF), peerURLs: ["http://restored:2380"], name: "restored")
        let directory = MemberDirectory(
            disk: MemoryDisk(seed: timing.next()), id: restored.id,
            clusterID: .init(rawValue: 0xC2), limits: limits, mutant: nil, seed: timing.next())
        try write(image, directory)
        try SnapshotRestore(
            members: [restored], localID: restored.id, clusterID: directory.clusterID
        ).run(
            on: directory.disk, database: MemberDirectory.database,
            snapshots: MemberDirectory.snapshots, log: MemberDirectory.log,
            configuration: directory.logConfiguration)
        directory.disk.crash(seed: faultRandom.next())
        let member = try directory.restart(initialMembers: nil)
        defer { member.state.bolt.close() }
        guard member.state.membership.members == [restored], member.replica.isSingleVoter else {
            throw SimulationFailure(
                "a snapshot of host \(host.number) is restored with the members "
                    + "\(member.state.membership.members)")
        }
        try record.require(member.state, at: index, of: host)
        report.count(.restores)
    }

    private func write(_ image: [UInt8], _ directory: MemberDirectory) throws {
        try directory.prepare()
        let file = try directory.disk.open(
            MemberDirectory.database, .create(permissions: 0o600))
        defer { file.close() }
        try image.withUnsafeBytes { try file.write($0, at: 0) }
        try file.synchronize()
        try directory.disk.synchronizeDirectory(MemberDirectory.snapshots)
    }
}
