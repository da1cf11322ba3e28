import Disk
import EtcdAPI
import Testing
import WriteAheadLog

/// The writes of a killed process are left to the system, which may still lose them.
@Suite("A log after its process was killed")
struct KilledProcessTests {
    @Test(arguments: 0..<20)
    func dataReadAtTheStartIsDurable(seed: UInt64) throws {
        let disk = try LogFixture.disk()
        let log = try LogFixture.create(disk, segmentSizeBytes: 4 << 10)
        try log.append(entries: LogFixture.entries(1...9), hardState: nil)
        try log.synchronize()
        let state = RaftHardState(term: 1, vote: 7, commit: 9)
        try log.append(entries: LogFixture.entries(10...12), hardState: state)
        disk.closeAllFiles()
        let (_, contents) = try LogFixture.open(disk, segmentSizeBytes: 4 << 10)
        #expect(contents.entries.count == 12)
        disk.crash(seed: seed)
        let (_, again) = try LogFixture.open(disk, segmentSizeBytes: 4 << 10)
        #expect(again.entries == contents.entries)
        #expect(again.hardState == state)
    }
}
