@testable import ServerLogging
@testable import Configuration
import Glibc
import Testing

@testable import EtcdServer

@Suite struct ConfigurationFileTests {
    private func applied(_ text: String, log: MemoryOutput = MemoryOutput()) throws
        -> ServerConfiguration
    {
        var configuration = ServerConfiguration()
        let logger = ServerLogger(destination: LogDestination(outputs: [log]))
        try configuration.apply(
            file: try ConfigurationParser.parse(Array(text.utf8)), logger: logger)
        return configuration
    }

    @Test func everyFileFlagIsSetByItsKey() throws {
        for flag in FlagTable.all where !flag.filePath.isEmpty {
            var indentation = ""
            var text = ""
            for key in flag.filePath {
                text += "\n\(indentation)\(key):"
                indentation += "  "
            }
            let standard = flag.read(ServerConfiguration())
            let sample = samples.first { sample in
                var changed = ServerConfiguration()
                let node = try? ConfigurationParser.parse(Array("k: \(sample)".utf8))
                guard let value = node?.entries?.first?.value,
                    (try? flag.setNode(&changed, value)) != nil
                else { return false }
                return flag.read(changed) != standard
            }
            let chosen = try #require(sample, "\(flag.name)")
            let configuration = try applied(text + " \(chosen)\n")
            #expect(flag.read(configuration) != standard, "\(flag.name)")
            #expect(configuration.explicitlySet == [flag.name])
        }
    }

    /// For every type of flag a value other than its default.
    private let samples = [
        "7", "false", "true", "[x]", "text", "http://127.0.0.1:9", "existing", "gone", "etcd",
        "LeaseCheckpoint=true",
    ]

    @Test func jsonFileIsRead() throws {
        let configuration = try applied(
            #"""
            {"name": "j", "heartbeat-interval": 50, "log-outputs": ["stderr", "a.log"],
             "client-transport-security": {"cert-file": "c", "allowed-hostname": ["h"]},
             "grpc-keepalive-interval": 1000000000, "initial-cluster": null}
            """#)
        #expect(configuration.name == "j")
        #expect(configuration.heartbeatIntervalMilliseconds == 50)
        #expect(configuration.logging.outputs.values == ["a.log", "stderr"])
        #expect(configuration.clientSecurity.certificateFile == "c")
        #expect(configuration.clientSecurity.allowedHostnames.values == ["h"])
        #expect(configuration.keepaliveInterval == .seconds(1))
        #expect(configuration.initialCluster == ServerConfiguration.defaultInitialCluster)
    }

    @Test(arguments: [
        ("heartbeat-interval: '100'", #""heartbeat-interval": must be an integer"#),
        ("grpc-keepalive-interval: 10m", "integer number of nanoseconds"),
        ("pre-vote: 1", "must be true or false"),
        ("log-outputs: {a: b}", "must be a list of strings"),
        ("peer-transport-security: x", "invalid peer-transport-security"),
        ("max-wals: -1", "must be an integer in 0..."),
        ("- a", "expected 'key: value' lines"),
        (
            "auto-compaction-retention: 2",
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number into Go "
                + "struct field .auto-compaction-retention of type string"
        ),
        ("name: 1e3", "cannot unmarshal number into Go struct field .name of type string"),
        ("name: yes", "cannot unmarshal bool into Go struct field .name of type string"),
        ("initial-cluster-state: 0x10", "cannot unmarshal number"),
        (
            "peer-transport-security:\n  cert-file: 7",
            "cannot unmarshal number into Go struct field .peer-transport-security.cert-file"
        ),
    ])
    func wrongTypeIsRefused(text: String, message: String) {
        do {
            _ = try applied(text)
            Issue.record("accepted")
        } catch {
            #expect("\(error)".contains(message), "\(error)")
        }
    }

    @Test(arguments: ["'2'", "\"2\"", "2h", "10.0.0.1", "2026-01-01", "0x", "-", "+1h", "1_a"])
    func plainYAMLStringsAreAccepted(text: String) throws {
        #expect(
            try applied("name: \(text)").name == text.filter { $0 != "'" && $0 != "\"" })
    }

    @Test func unknownKeyCausesAWarning() throws {
        let log = MemoryOutput()
        _ = try applied("nonsense: 1\nclient-transport-security:\n  other: 2", log: log)
        #expect(log.lines.count == 2)
        #expect(log.lines.last?.contains(#""key":"client-transport-security.other""#) == true)
    }

    @Test func fileReplacesFlagsAndEnvironment() throws {
        let path = "/tmp/swift-etcd-configuration-\(getpid()).yaml"
        let file = try #require(fopen(path, "w"))
        defer { unlink(path) }
        fputs("name: f\nlog-outputs: [/dev/null]\n", file)
        fclose(file)
        let flag = load(["--config-file", path, "--max-wals=9"], environment: ["ETCD_NAME=e"])
        #expect(flag.configuration?.name == "f")
        #expect(flag.configuration?.walFilesMax == 5)
        let variable = load([], environment: ["ETCD_CONFIG_FILE=\(path)"])
        #expect(variable.configuration?.name == "f")
    }

    @Test func missingFileIsRefused() {
        let loaded = load(["--config-file=/nonexistent/c.yaml"])
        #expect(loaded.finish?.status == 1)
        #expect(
            loaded.log.last?.contains(
                #""error":"open /nonexistent/c.yaml: no such file or directory""#) == true)
    }
}
