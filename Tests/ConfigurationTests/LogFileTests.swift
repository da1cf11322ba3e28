import Glibc
import TestSupport
import Testing

@testable import ServerLogging

/// Log files on a full disk, and in a process without descriptors.
@Suite struct LogFileTests {
    private static let line = LogLine(
        level: .info, timeMicroseconds: 0, logger: "", caller: "", message: "", fields: [])

    @Test func aLineIsLostOnAFullDisk() throws {
        let output = try DescriptorOutput(path: "/dev/full")
        #expect(!output.write(Array("lost\n".utf8), of: Self.line))
        let null = try DescriptorOutput(path: "/dev/null")
        #expect(null.write(Array("written\n".utf8), of: Self.line))
    }

    @Test(.enabled(if: geteuid() == 0)) func theLineAfterAPartialOneIsWhole() throws {
        let directory = try TemporaryDirectory()
        guard mount("tmpfs", directory.path, "tmpfs", 0, "size=8k") == 0 else { return }
        defer { umount2(directory.path, 2) }
        let filler = try DescriptorOutput(path: directory.path + "/filler")
        #expect(filler.write([UInt8](repeating: 0x66, count: 4096), of: Self.line))
        let path = directory.path + "/e.log"
        let output = try DescriptorOutput(path: path)
        let long = [UInt8](repeating: 0x61, count: 6000) + [0x0A]
        #expect(!output.write(long, of: Self.line))
        #expect(truncate(directory.path + "/filler", 0) == 0)
        #expect(output.write(Array("next\n".utf8), of: Self.line))
        let lines = try text(ofFile: path).split(separator: "\n")
        #expect(lines.map(\.utf8.count) == [4096, 4] && lines.last == "next")
    }

    /// Without a descriptor for the next file the present one grows, under its name, until one is
    /// free.
    @Test func aFileThatCannotBeRotatedKeepsItsName() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let path = directory.path + "/e.log"
            let rotation = LogRotation(
                sizeBytesMax: 100, ageDaysMax: 0, filesMax: 0, usesLocalTime: false,
                compresses: false)
            let output = try RotatingFileOutput(path: path, rotation: rotation)
            let taken = try await ProcessLimits.takeAllDescriptors(limit: 64)
            for number in 0..<20 { output.write(Array("line \(number)\n".utf8)) }
            close(taken[0])
            let lines = try text(ofFile: path).split(separator: "\n")
            guard lines.elementsEqual((0..<20).map { "line \($0)" }) else { exit(1) }
            output.write(Array("line 20\n".utf8))
            for descriptor in taken.dropFirst() { close(descriptor) }
            guard try text(ofFile: path) == "line 20\n" else { exit(2) }
            exit(0)
        }
    }

    @Test func durationsBeyondTheRangeAreClamped() {
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect(Duration.seconds(Int64.min).nanoseconds == .min)
        #expect(Duration.seconds(Int64.max / 1_000_000_000).nanoseconds <= .max)
        let nearly = Duration(
            secondsComponent: Int64.max / 1_000_000_000,
            attosecondsComponent: 999_999_999_999_999_999)
        #expect(nearly.nanoseconds == .max)
        #expect(Duration.milliseconds(-1500).nanoseconds == -1_500_000_000)
        #expect((Duration.nanoseconds(3) / 2).nanoseconds == 1)
    }
}
