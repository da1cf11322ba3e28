import Disk
import EtcdAPI
import Glibc
import TestSupport
import Testing
import WriteAheadLog

/// A log in a process that has no descriptor left.
@Suite struct DescriptorShortageTests {
    private static let segmentSizeBytes = 16_384

    @Test func theLastSegmentGrowsUntilADescriptorIsFree() async {
        await #expect(processExitsWith: .success) {
            let temporary = try TemporaryDirectory()
            let directory = temporary.path + "/wal"
            let disk = RealDisk()
            let log = try LogFixture.create(
                disk, segmentSizeBytes: Self.segmentSizeBytes, directory: directory)
            let taken = try await ProcessLimits.takeAllDescriptors(limit: 64)
            for index: UInt64 in 1...20 {
                try log.append(
                    entries: [LogFixture.entry(index, bytes: 4000)], hardState: nil)
                try log.synchronize()
            }
            guard log.tailSequence == 0 else { exit(1) }
            for descriptor in taken { close(descriptor) }
            try log.append(entries: [LogFixture.entry(21, bytes: 4000)], hardState: nil)
            guard log.tailSequence == 1 else { exit(2) }
            try log.close()
            let contents = try LogFixture.open(disk, directory: directory).contents
            exit(contents.entries == LogFixture.entries(1...21, bytes: 4000) ? 0 : 3)
        }
    }

    @Test func aPreparedSegmentNeedsNoDescriptor() async {
        await #expect(processExitsWith: .success) {
            let temporary = try TemporaryDirectory()
            let directory = temporary.path + "/wal"
            let log = try LogFixture.create(
                RealDisk(), segmentSizeBytes: Self.segmentSizeBytes, directory: directory)
            while try log.preparation.prepare(sliceBytes: 4096) {}
            _ = try await ProcessLimits.takeAllDescriptors(limit: 64)
            try log.append(
                entries: LogFixture.entries(1...5, bytes: 4000), hardState: nil)
            exit(log.tailSequence == 1 ? 0 : 1)
        }
    }

    @Test func theRemovalOfSegmentsReportsTheShortage() async {
        await #expect(processExitsWith: .success) {
            let temporary = try TemporaryDirectory()
            let directory = temporary.path + "/wal"
            let log = try LogFixture.create(
                RealDisk(), segmentSizeBytes: Self.segmentSizeBytes, directory: directory)
            _ = try await ProcessLimits.takeAllDescriptors(limit: 64)
            do throws(LogError) {
                try log.purge(keeping: 1)
            } catch {
                exit(error.isDescriptorShortage ? 0 : 1)
            }
            exit(2)
        }
    }
}
