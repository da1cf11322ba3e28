import Disk
import FuzzTargets
import Testing

/// Every corpus input, and mutations of it, go to their parser. A parser that traps ends the whole
/// run: the last line printed has the name of the input.
@Suite("Corpus of the fuzzers")
struct RegressionTests {
    private static let mutationsPerInput = 2_000

    @Test(arguments: FuzzTarget.allCases)
    func corpusInputsAndTheirMutationsDoNotTrap(target: FuzzTarget) throws {
        let inputs = try Corpus.of(target)
        for (name, bytes) in inputs {
            print("fuzz regression: \(target.rawValue)/\(name)")
            bytes.withUnsafeBytes { target.run($0) }
            // Mutations of large inputs add little and take long.
            let count = bytes.count > 16_384 ? Self.mutationsPerInput / 20 : Self.mutationsPerInput
            var mutator = InputMutator(seed: UInt64(bytes.count) &+ 1)
            for _ in 0..<count {
                mutator.mutated(bytes).withUnsafeBytes { target.run($0) }
            }
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func shortInputsDoNotTrap(target: FuzzTarget) {
        var mutator = InputMutator(seed: 1)
        for count in 0..<64 {
            mutator.random(count: count).withUnsafeBytes { target.run($0) }
        }
    }

    @Test func everyFuzzFunctionIsInTheTable() throws {
        let directory = Corpus.root + "/Sources/Verification/FuzzTargets"
        var functions = 0
        for name in try RealDisk().list(directory) where name != "FuzzTarget.swift" {
            let text = String(decoding: try Corpus.bytes(directory + "/" + name), as: UTF8.self)
            functions += text.split(separator: "\n").count { $0.hasPrefix("package func fuzz") }
        }
        #expect(functions == FuzzTarget.allCases.count)
    }
}

/// The inputs under Tests/FuzzTests/Regressions.
enum Corpus {
    /// The root of the package.
    static let root: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/")
    }()

    /// Ascending by name; empty if there is no corpus.
    static func of(_ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let directory = root + "/Tests/FuzzTests/Regressions/" + target.rawValue
        let disk = RealDisk()
        guard disk.exists(directory) else { return [] }
        return try disk.list(directory).map { ($0, try bytes(directory + "/" + $0)) }
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        let file = try RealDisk().open(path, .read)
        defer { file.close() }
        var bytes = [UInt8](repeating: 0, count: try file.size())
        let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return Array(bytes[..<count])
    }
}
