import TestSupport
import Testing

/// Runs the server binary to check exit status and output streams.
@Suite(.enabled(if: builtProgram("etcd") != nil, "the etcd binary is built beside the tests"))
struct ProcessTests {
    private func run(_ arguments: [String], environment: [String] = []) throws -> ProcessResult {
        try ProcessResult(
            try #require(builtProgram("etcd")), arguments, environment: ["PATH=/bin"] + environment)
    }

    @Test func versionGoesToStandardOutput() throws {
        let result = try run(["--version"])
        #expect(result.status == 0)
        #expect(result.output.hasPrefix("etcd Version: 3.7.1\n"))
        #expect(result.errors == "")
    }

    @Test func unknownFlagEndsWithTwoAndUsage() throws {
        let result = try run(["--enable-v2"])
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(result.errors.hasPrefix("flag provided but not defined: -enable-v2\nUsage:"))
    }

    @Test(arguments: [
        (["foo"], "is not a valid flag"),
        (["--election-timeout", "400"], "should be at least as 5 times"),
        (["--logger", "capnslog"], "--logger=capnslog is removed in v3.5"),
        (
            ["--enable-distributed-tracing", "--distributed-tracing-sampling-rate=-1"],
            "tracing sampling rate must be positive"
        ),
    ])
    func validationErrorEndsWithOneAndALogLine(arguments: [String], error: String) throws {
        let result = try run(arguments)
        #expect(result.status == 1)
        let lines = result.errors.split(separator: "\n")
        let last = try #require(lines.last)
        #expect(lines.dropLast().last?.contains(#""msg":"Running: ","args":["#) == true)
        #expect(last.hasPrefix(#"{"level":"warn","ts":""#))
        #expect(last.contains(#""msg":"failed to verify flags","error":""#))
        #expect(last.contains(error))
    }

    @Test func shadowedVariableEndsWithOne() throws {
        let result = try run(["--name=a"], environment: ["ETCD_NAME=b"])
        #expect(result.status == 1)
        #expect(result.errors.hasPrefix(#"{"level":"fatal""#))
    }

    @Test func helpEndsWithZero() throws {
        let result = try run(["-h"])
        #expect(result.status == 0)
        #expect(result.output.contains("--quota-backend-bytes '0'"))
    }
}
