import Bolt
import Disk
import EtcdAPI
import Judges
import MVCC
import Raft
import StateMachine
import WriteAheadLog

/// Disks that are taken away, and bits that change on them.
///
/// What is damaged is refused at the start, repaired, or makes no difference: whatever a damaged
/// member would serve is compared with what its disk would have given. The log and the snapshot
/// files have checksums; the database has none but in its meta pages, so what its structure does
/// not show has to be in its hash, which members compare before they serve.
extension Simulation {
    /// The member is lost then, and replaced; never may more than a minority be.
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
        var paths = directories[faultDice.number(below: 2)].contents(on: host.disk)
        var flips = 1 + faultDice.number(below: 3)
        if faultDice.happens(400_000) {
            // Most of it is free, and a change there has no effect.
            (paths, flips) = ([MemberDirectory.database], 1 + faultDice.number(below: 24))
        }
        guard !paths.isEmpty else { return }
        // All is durable after a power failure, so this is a copy.
        host.intact = host.disk.afterCrash(seed: 0)
        for _ in 0..<flips {
            let path = paths[faultDice.number(below: paths.count)]
            guard let size = host.disk.fileSizeBytes(path), size > 0 else { continue }
            let offset = faultDice.number(below: size)
            tell("a bit of \(path) changes at \(offset)")
            try? host.disk.flipBit(faultDice.number(below: 8), of: path, at: offset)
        }
    }

    /// Pages of the database of a running member come to hold another number than their own, as
    /// after a write that went astray.
    func damagePages(_ host: Host) {
        guard administration.allowsLoss(of: host, self), !host.hasDamagedPage, !host.hasDiskFault,
            let size = host.disk.fileSizeBytes(MemberDirectory.database),
            size > 4 * Self.pageBytes
        else { return }
        report.count(.damagedPages)
        host.hasDamagedPage = true
        for _ in 0..<(1 + faultDice.number(below: 8)) {
            let page = 2 + faultDice.number(below: size / Self.pageBytes - 2)
            tell("page \(page) of host \(host.number) is damaged")
            try? host.disk.flipBit(
                faultDice.number(below: 8), of: MemberDirectory.database,
                at: page * Self.pageBytes)
        }
    }

    private static let pageBytes = 4096

    /// Whether a member whose disk was damaged may serve what it has read.
    func mayServe(_ host: Host, _ parts: MemberParts, _ directory: MemberDirectory) throws -> Bool {
        guard let intact = host.intact.take() else { return true }
        var former = directory
        former.disk = intact
        guard let sound = try? makeParts(host, former) else { return true }
        defer { sound.state.bolt.close() }
        try requireSoundSnapshotFiles(directory, former)
        try requireSoundLog(parts, sound, host)
        return try isDatabaseSound(parts, sound, host)
    }

    /// A snapshot file gives what was written, or nothing.
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
        _ parts: MemberParts, _ sound: MemberParts, _ host: Host
    ) throws {
        guard let found = parts.found, let written = sound.found,
            found.start.index == written.start.index
        else { return }
        for (entry, former) in zip(found.prints, written.prints) where entry != former {
            throw SimulationFailure("host \(host.number) reads a damaged log as if it were sound")
        }
    }

    /// A difference shows in the hash that members compare; what the hash leaves out nobody can
    /// see, and the member is taken out all the same. So is one whose pages are broken where nothing
    /// is read at a start: it would stop later.
    private func isDatabaseSound(
        _ parts: MemberParts, _ sound: MemberParts, _ host: Host
    ) throws -> Bool {
        let isSame =
            fileHash(parts) == fileHash(sound)
            && parts.state.appliedIndex == sound.state.appliedIndex
        guard !isSame else {
            let isWhole = parts.state.bolt.check().isEmpty
            report.count(isWhole ? .harmlessDamage : .damageBesideKeys)
            return isWhole
        }
        let hashes = (hash(parts), hash(sound))
        if hashes.0 == nil || hashes.0 != hashes.1 {
            report.count(.damageFoundByHash)
            return false
        }
        // A page on the way to the records may be damaged: then a read throws, and stops the member.
        if let found = pairs(parts), found != pairs(sound) {
            throw SimulationFailure(
                "host \(host.number) would serve damaged keys: \(told(parts)), not \(told(sound))")
        }
        report.count(.damageBesideKeys)
        return false
    }

    /// Nil where the database is damaged.
    private func fileHash(_ parts: MemberParts) -> UInt32? {
        let reading = parts.state.bolt.beginRead()
        defer { reading.end() }
        return try? Store.hashFile(reading)
    }

    private func hash(_ parts: MemberParts) -> KeyValueHash? {
        let store = parts.state.store
        return try? store.hashKV(at: store.revisions.current).hash
    }

    private func told(_ parts: MemberParts) -> String {
        let answer = pairs(parts).map { "\($0)" } ?? "an error"
        return "\(answer), \(parts.state.store.revisions), \(hash(parts).map { "\($0)" } ?? "")"
    }

    private func pairs(_ parts: MemberParts) -> ReadAnswer? {
        try? parts.state.store.answer(ReadRequest(.all)).answer
    }
}

extension String {
    /// The paths of what a directory of this path holds.
    fileprivate func contents(on disk: MemoryDisk) -> [String] {
        ((try? disk.list(self)) ?? []).map { self + "/" + $0 }
    }
}
