import Bolt
import Disk
import EtcdAPI
import Checkers
import MVCC
import Raft
import StateMachine
import WriteAheadLog

/// Lost disks, and flipped bits.
///
/// Damage is refused at the start, repaired, or has no effect: the state that a damaged member
/// would serve is compared with the state from the intact disk. The log and the snapshot files have
/// checksums. The database has them only in its meta pages, so damage that its structure does not
/// show has to show in its hash, which members compare before they serve.
extension Simulation {
    /// The member is lost then, and replaced; never may more than a minority be lost.
    func damage(_ host: Host, _ kind: FaultKind) {
        guard administration.allowsLoss(of: host, self) else { return }
        crash(host, losesPower: true, reason: "its disk is damaged")
        host.isDamaged = true
        if kind == .wipe {
            report.count(.wiped)
            host.state = .gone
        } else {
            report.count(.bitFlips)
            flipBits(host)
        }
    }

    private func flipBits(_ host: Host) {
        let directories = [MemberDirectory.log, MemberDirectory.snapshots]
        var paths = directories[faultRandom.number(below: 2)].contents(on: host.disk)
        var flips = 1 + faultRandom.number(below: 3)
        if faultRandom.happens(400_000) {
            // Most pages are free, and a change there has no effect.
            (paths, flips) = ([MemberDirectory.database], 1 + faultRandom.number(below: 24))
        }
        guard !paths.isEmpty else { return }
        // Everything is durable after a power failure, so this is a copy.
        host.intact = host.disk.afterCrash(seed: 0)
        for _ in 0..<flips {
            let path = paths[faultRandom.number(below: paths.count)]
            guard let size = host.disk.fileSizeBytes(path), size > 0 else { continue }
            let offset = faultRandom.number(below: size)
            printTrace("a bit of \(path) changes at \(offset)")
            try? host.disk.flipBit(faultRandom.number(below: 8), of: path, at: offset)
        }
    }

    /// Pages in the database of a running member get the wrong page number, as after a misdirected
    /// write.
    func damagePages(_ host: Host) {
        guard administration.allowsLoss(of: host, self), !host.hasDamagedPage, !host.hasDiskFault,
            let size = host.disk.fileSizeBytes(MemberDirectory.database),
            size > 4 * Self.pageBytes
        else { return }
        report.count(.damagedPages)
        host.hasDamagedPage = true
        for _ in 0..<(1 + faultRandom.number(below: 8)) {
            let page = 2 + faultRandom.number(below: size / Self.pageBytes - 2)
            printTrace("page \(page) of host \(host.number) is damaged")
            try? host.disk.flipBit(
                faultRandom.number(below: 8), of: MemberDirectory.database,
                at: page * Self.pageBytes)
        }
    }

    private static let pageBytes = 4096

    /// Whether a member whose disk was damaged may serve what it has read.
    func mayServe(
        _ host: Host, _ damaged: RestoredMember, _ directory: MemberDirectory
    ) throws -> Bool {
        guard let intact = host.intact.take() else { return true }
        var former = directory
        former.disk = intact
        guard let sound = try? restoreMember(host, former) else { return true }
        defer { sound.state.bolt.close() }
        try requireSoundSnapshotFiles(directory, former)
        try requireSoundLog(damaged, sound, host)
        return try isDatabaseSound(damaged, sound, host)
    }

    /// A snapshot file loads as it was written, or not at all.
    private func requireSoundSnapshotFiles(
        _ damaged: MemberDirectory, _ sound: MemberDirectory
    ) throws {
        for name in try damaged.snapshotStore.snapshotNames() {
            guard let found = try? damaged.snapshotStore.load(name) else {
                report.count(.damagedSnapshotFiles)
                continue
            }
            guard let written = try? sound.snapshotStore.load(name), written == found else {
                throw SimulationFailure("the damaged snapshot file \(name) is read as if sound")
            }
        }
    }

    private func requireSoundLog(
        _ damaged: RestoredMember, _ sound: RestoredMember, _ host: Host
    ) throws {
        guard let found = damaged.restoredLog, let written = sound.restoredLog,
            found.start.index == written.start.index
        else { return }
        for (entry, former) in zip(found.fingerprints, written.fingerprints) where entry != former {
            throw SimulationFailure("host \(host.number) reads a damaged log as if it were sound")
        }
    }

    /// A difference must show in the hash that members compare. Damage that the hash does not cover
    /// cannot be detected, and the member is removed nevertheless. So is one with broken pages that
    /// are not read at a start: it would stop later.
    private func isDatabaseSound(
        _ damaged: RestoredMember, _ sound: RestoredMember, _ host: Host
    ) throws -> Bool {
        let isSame =
            fileHash(damaged) == fileHash(sound)
            && damaged.state.appliedIndex == sound.state.appliedIndex
        guard !isSame else {
            let isWhole = damaged.state.bolt.check().isEmpty
            report.count(isWhole ? .harmlessDamage : .damageOutsideKeys)
            return isWhole
        }
        let hashes = (hash(damaged), hash(sound))
        if hashes.0 == nil || hashes.0 != hashes.1 {
            report.count(.damageFoundByHash)
            return false
        }
        // A page on the path to the records may be damaged: then a read throws, and stops the
        // member.
        if let found = pairs(damaged), found != pairs(sound) {
            throw SimulationFailure(
                "host \(host.number) would serve damaged keys: \(describe(damaged)), "
                    + "not \(describe(sound))")
        }
        report.count(.damageOutsideKeys)
        return false
    }

    /// Nil where the database is damaged.
    private func fileHash(_ member: RestoredMember) -> UInt32? {
        let reading = member.state.bolt.beginRead()
        defer { reading.end() }
        return try? Store.hashFile(reading)
    }

    private func hash(_ member: RestoredMember) -> KeyValueHash? {
        let store = member.state.store
        return try? store.hashKV(at: store.revisions.current).hash
    }

    private func describe(_ member: RestoredMember) -> String {
        let response = pairs(member).map { "\($0)" } ?? "an error"
        return "\(response), \(member.state.store.revisions), \(hash(member).map { "\($0)" } ?? "")"
    }

    private func pairs(_ member: RestoredMember) -> RecordedReadResponse? {
        try? member.state.store.execute(RecordedRead(.all), by: .server).response
    }
}

extension String {
    /// The paths of the files in this directory.
    fileprivate func contents(on disk: MemoryDisk) -> [String] {
        ((try? disk.list(self)) ?? []).map { self + "/" + $0 }
    }
}
