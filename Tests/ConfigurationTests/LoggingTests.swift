@testable import ServerLogging
@testable import Configuration
import Glibc
import Logging
import Testing

@testable import EtcdServer

@Suite struct LoggingTests {
    private func line(_ fields: [LogField], name: String = "") -> LogLine {
        LogLine(
            level: .info, timeMicroseconds: 1_795_351_339_090_694, logger: name,
            caller: "EtcdServer/A.swift:7", message: "hello", fields: fields)
    }

    private func text(_ line: LogLine, _ format: LogFormat = .json) -> String {
        String(decoding: LogLineEncoder.encode(line, as: format), as: UTF8.self)
    }

    @Test func jsonLineHasEtcdsShape() {
        let fields = [
            LogField("id", .hex(0x8e9e_05c5_2164_694d)), LogField("count", 5), LogField("ok", true),
            LogField("took", .duration(.nanoseconds(896_843))),
            LogField("urls", .strings(["a", "b"])),
            LogField("none", .strings([])), LogField("ratio", 0.5),
            LogField("inner", .object([LogField("k", .unsigned(.max))])),
        ]
        #expect(
            text(line(fields, name: "raft"))
                == #"{"level":"info","ts":"2026-11-22T12:42:19.090694Z","logger":"raft","#
                + #""caller":"EtcdServer/A.swift:7","msg":"hello","id":"8e9e05c52164694d","#
                + #""count":5,"ok":true,"took":"896.843µs","urls":["a","b"],"none":[],"#
                + #""ratio":0.5,"inner":{"k":18446744073709551615}}"# + "\n")
    }

    @Test func stringsAreEscaped() {
        var bytes: [UInt8] = []
        LogLineEncoder.appendString("\"\\\n\r\t\u{1}é😀/", to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == #""\"\\\n\r\t\u0001é😀/""#)
    }

    @Test func consoleLineHasTabs() {
        #expect(
            text(line([LogField("a", 1), LogField("b", "x")]), .console)
                == "2026-11-22T12:42:19.090694Z\tinfo\tEtcdServer/A.swift:7\thello\t"
                + "{\"a\": 1, \"b\": \"x\"}\n")
        #expect(text(line([]), .console).hasSuffix("\thello\n"))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"), (951_827_696, "2000-02-29T12:34:56.000000Z"),
        (4_107_542_399, "2100-02-28T23:59:59.000000Z"),
        (1_735_689_599, "2024-12-31T23:59:59.000000Z"),
    ])
    func dateIsGregorian(seconds: Int64, text: String) {
        var bytes: [UInt8] = []
        LogTimestamp.append(seconds * 1_000_000, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test func levelFilters() {
        let output = MemoryOutput()
        let logger = ServerLogger(destination: LogDestination(level: .warn, outputs: [output]))
        logger.info("no")
        logger.warn("yes", ["error": "e"])
        #expect(output.lines.count == 1)
        #expect(output.lines[0].contains(#""caller":"ConfigurationTests/LoggingTests.swift:"#))
        #expect(LogLevel(flagText: "WARN") == .warn)
        #expect(LogLevel(flagText: "Warn") == nil)
        #expect(LogLevel(flagText: "") == .info)
    }

    @Test func repeatedLineIsSampled() {
        var sampler = LogSampler()
        func admitted(_ count: Int, second: Int64, _ message: String) -> Int {
            (0..<count).count { _ in
                sampler.admits(
                    level: .info, message: message, timeMicroseconds: second * 1_000_000)
            }
        }
        #expect(admitted(1_000, second: 1, "a") == 109)
        #expect(admitted(100, second: 2, "a") == 100)
        #expect(admitted(50, second: 2, "b") == 50)
    }

    @Test func swiftLogMetadataKeepsTypes() {
        let output = MemoryOutput()
        let server = ServerLogger(
            destination: LogDestination(level: .info, outputs: [output]), name: "raft")
        var logger = server.swiftLogger()
        logger[metadataKey: "member"] = "m1"
        logger.debug("dropped")
        logger.notice(
            "seen",
            metadata: [
                "error": "bad", "z": .stringConvertible(3), "on": .stringConvertible(true),
                "took": .stringConvertible(Duration.milliseconds(2)), "list": ["a", "b"],
            ])
        #expect(output.lines.count == 1)
        #expect(output.lines[0].contains(#""logger":"raft","caller":"ConfigurationTests/Logg"#))
        #expect(
            output.lines[0].hasSuffix(
                #""msg":"seen","list":["a","b"],"member":"m1","on":true,"took":"2ms","z":3,"#
                    + #""error":"bad"}"#))
    }

    @Test(arguments: [
        (["capnslog", "default", "info", "json"], "--logger=capnslog is removed in v3.5"),
        (["x", "default", "info", "json"], #"unknown logger option "x""#),
        (
            ["zap", "default,stderr", "info", "json"],
            #"multi logoutput for "default" is not supported yet"#
        ),
        (["zap", "stderr", "loud", "json"], #"unrecognized level: "loud""#),
        (
            ["zap", "stderr", "info", "xml"],
            "unknown log format: xml, supported values json, console"
        ),
        (
            ["zap", "/nonexistent/log", "info", "json"],
            #"couldn't open sink "/nonexistent/log": "#
                + "open /nonexistent/log: no such file or directory"
        ),
        (
            ["zap", "systemd/journal,stderr", "info", "json"],
            #"running with systemd/journal but other '--log-outputs' values "#
                + #"(["stderr" "systemd/journal"]) are configured with 'default'; "#
                + "override 'default' value with something else"
        ),
    ])
    func wrongLoggingFlagIsRefused(values: [String], message: String) {
        var logging = LoggingConfiguration()
        logging.logger = values[0]
        logging.outputs = UniqueStringList(flagText: values[1])
        logging.level = values[2]
        logging.format = values[3]
        #expect(throws: ConfigurationError(message)) { try logging.makeDestination() }
    }

    @Test func rotationNeedsOneFileAndGoodJSON() {
        var logging = LoggingConfiguration()
        logging.enableRotation = true
        #expect(throws: ConfigurationError.self) { try logging.makeDestination() }
        #expect(throws: ConfigurationError.self) { try LogRotation(json: "{") }
        #expect(throws: ConfigurationError.self) { try LogRotation(json: #"{"maxsize": "1"}"#) }
        #expect(throws: ConfigurationError.self) { try LogRotation(json: #"{"maxage": -1}"#) }
        let rotation = try? LogRotation(json: #"{"MaxSize": 2, "maxbackups": 3}"#)
        #expect(rotation?.sizeBytesMax == 2_097_152)
        #expect(rotation?.filesMax == 3)
    }

    @Test func fullFileIsRotated() throws {
        let directory = "/tmp/swift-etcd-log-\(getpid())"
        mkdir(directory, 0o700)
        let rotation = try LogRotation(json: #"{"maxsize": 1, "maxbackups": 2}"#)
        let output = try RotatingFileOutput(path: "\(directory)/e.log", rotation: rotation)
        let line = [UInt8](repeating: 0x61, count: 400_000)
        for _ in 0..<12 {
            output.write(line)
            usleep(2_000)
        }
        let names = names(in: directory)
        for name in names { unlink("\(directory)/\(name)") }
        rmdir(directory)
        #expect(names.count == 3)
        #expect(names.contains("e.log"))
        #expect(names.count { $0.hasPrefix("e-2") && $0.hasSuffix(".log") } == 2)
    }

    @Test func rotatedFileIsCompressed() throws {
        let directory = "/tmp/swift-etcd-packed-\(getpid())"
        mkdir(directory, 0o700)
        let rotation = try LogRotation(json: #"{"maxsize": 1, "maxbackups": 2, "compress": true}"#)
        let output = try RotatingFileOutput(path: "\(directory)/e.log", rotation: rotation)
        let line = [UInt8](repeating: 0x61, count: 400_000)
        for _ in 0..<12 {
            output.write(line)
            usleep(2_000)
        }
        var found: [String] = []
        for _ in 0..<1_000 {
            found = names(in: directory)
            if found.count(where: { $0.hasSuffix(".log.gz") }) == found.count - 1 { break }
            usleep(20_000)
        }
        for name in found { unlink("\(directory)/\(name)") }
        rmdir(directory)
        #expect(found.contains("e.log"))
        #expect(found.count { $0.hasPrefix("e-2") && $0.hasSuffix(".log.gz") } >= 2)
    }

    private func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    @Test func threadsWriteWholeLines() async throws {
        let path = "/tmp/swift-etcd-lines-\(getpid()).log"
        defer { unlink(path) }
        let output = try DescriptorOutput(path: path)
        let destination = LogDestination(outputs: [output], isSampling: false)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    let logger = ServerLogger(destination: destination)
                    for index in 0..<200 {
                        logger.info("line", ["task": .number(task), "index": .number(index)])
                    }
                }
            }
        }
        let lines = try #require(ConfigurationFileText.read(path)).split(separator: "\n")
        #expect(lines.count == 800)
        #expect(lines.allSatisfy { $0.hasPrefix("{\"level\"") && $0.hasSuffix("}") })
    }
}

/// Reads a whole small file.
enum ConfigurationFileText {
    static func read(_ path: String) -> String? {
        bytes(path).map { String(decoding: $0, as: UTF8.self) }
    }

    static func bytes(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
            content += chunk[..<count]
        }
        return content
    }
}
