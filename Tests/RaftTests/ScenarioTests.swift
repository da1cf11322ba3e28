import Glibc
import Testing

@testable import Raft

/// Runs every file in `Scenarios`: a description, commands and expectations.
@Suite struct ScenarioTests {
    /// The folder next to this file.
    static let folder = String(#filePath.dropLast("ScenarioTests.swift".count)) + "Scenarios"

    static let names: [String] = {
        var names: [String] = []
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".txt") { names.append(name) }
        }
        return names.sorted()
    }()

    static func text(of name: String) -> String? {
        guard let file = fopen(folder + "/" + name, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    @Test func scenariosAreFound() {
        #expect(Self.names.count >= 15)
    }

    @Test(arguments: names) func runsScenario(name: String) throws {
        let text = try #require(Self.text(of: name))
        #expect(text.hasPrefix("# "), "a scenario starts with a description")
        var runner = ScenarioRunner()
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            do throws(ScenarioError) {
                try runner.perform(String(line))
            } catch {
                Issue.record("\(name):\(number + 1): \(line): \(error.reason)")
                return
            }
        }
        #expect(runner.cluster.checker.violations.isEmpty, "\(name)")
    }
}
