import CommandParsing
import Disk
import Testing

@Suite("Command lines")
struct CommandParsingTests {
    private let parser = CommandLineParser(
        Command(
            "tool", "", "",
            inheritedFlags: [
                Flag("write-out", .string, "simple", "", shorthand: "w"),
                Flag("hex", .bool, "false", ""), Flag("endpoints", .list, "a:1", ""),
                Flag("timeout", .duration, "5s", ""),
            ],
            subcommands: [
                Command("get", "<key>", "", flags: [Flag("rev", .int64, "0", "")]),
                Command("lease", "", "", subcommands: [Command("grant", "<ttl>", "")]),
            ]))

    private func parse(_ line: String) throws -> ParsedCommand {
        try parser.parse(line.split(separator: " ").map(String.init))
    }

    @Test func flagsStandBeforeAndBehindTheCommand() throws {
        for line in ["-w json get a --rev 3", "get -w=json --rev=3 a", "get a -wjson --rev=3"] {
            let command = try parse(line)
            #expect(command.names == ["get"])
            #expect(command.arguments == ["a"])
            #expect(command.flags.string("write-out") == "json")
            #expect(command.flags.int64("rev") == 3)
        }
    }

    @Test func whatFollowsTwoDashesIsNoFlag() throws {
        let command = try parse("get -- --rev lease")
        #expect(command.arguments == ["--rev", "lease"])
        #expect(command.words == ["--", "--rev", "lease"])
        #expect(command.flags.int64("rev") == 0)
    }

    @Test func subcommandsAreFoundBehindFlags() throws {
        #expect(try parse("lease --hex grant 5").names == ["lease", "grant"])
        #expect(try parse("-w lease get a").names == ["get"])
        #expect(try parse("lease nosuch").names == ["lease"])
    }

    @Test func theBeginningOfANameIsEnoughIfItIsTheOnlyOne() throws {
        #expect(try parse("ge a").names == ["get"])
        #expect(try parse("le gr 5").names == ["lease", "grant"])
        let ambiguous = CommandLineParser(
            Command(
                "tool", "", "",
                subcommands: [
                    Command("compaction", "", ""), Command("completion", "", ""),
                ]))
        #expect(throws: CommandLineError.self) { try ambiguous.parse(["comp"]) }
        #expect(try ambiguous.parse(["compa"]).names == ["compaction"])
    }

    @Test func helpIsAFlagLikeOthers() throws {
        #expect(try parse("get -h").asksForHelp)
        #expect(try parse("get --help a --rev 3").asksForHelp)
        #expect(try !parse("get --help=false a").asksForHelp)
        #expect(throws: CommandLineError.self) { try parse("get --help --nosuch") }
    }

    @Test func theHelpHasTheLayoutOfCobra() throws {
        let path = try parse("get").path
        #expect(
            UsageText(parser).usage(of: path) == """
                Usage:
                  tool get <key> [flags]

                Flags:
                  -h, --help      help for get
                      --rev int   \("")

                Global Flags:
                      --endpoints strings    (default [a:1])
                      --hex                 \("")
                      --timeout duration     (default 5s)
                  -w, --write-out string     (default "simple")

                """)
        #expect(
            UsageText(parser, hidesGlobalFlags: true).help(of: []) == """
                Usage:
                  tool [command]

                Available Commands:
                  get         \("")
                  lease       \("")

                Use "tool [command] --help" for more information about a command.

                """)
        #expect(parser.command(of: ["lease", "grant"])?.map(\.name) == ["lease", "grant"])
        #expect(parser.command(of: ["nosuch"])?.count == nil)
    }

    @Test func listsReplaceTheInitialOneAndContinue() throws {
        #expect(try parse("get a").flags.list("endpoints") == ["a:1"])
        let command = try parse("get a --endpoints=b:1,c:2 --endpoints d:3")
        #expect(command.flags.list("endpoints") == ["b:1", "c:2", "d:3"])
    }

    @Test(arguments: [
        ("get --nosuch", "unknown flag: --nosuch"),
        ("get -x", "unknown shorthand flag: 'x' in -x"),
        ("get --rev", "flag needs an argument: --rev"),
        ("get -w", "flag needs an argument: 'w' in -w"),
        (
            "get --rev=x",
            "invalid argument \"x\" for \"--rev\" flag: strconv.ParseInt: parsing \"x\": "
                + "invalid syntax"
        ),
        (
            "get --timeout=5",
            "invalid argument \"5\" for \"--timeout\" flag: time: missing unit in duration \"5\""
        ),
        (
            "get --hex=maybe",
            "invalid argument \"maybe\" for \"--hex\" flag: strconv.ParseBool: parsing "
                + "\"maybe\": invalid syntax"
        ),
    ])
    func malformedFlags(line: String, text: String) {
        #expect(throws: CommandLineError.flag(text, command: ["get"])) { try parse(line) }
    }

    @Test func unknownCommandsHaveSuggestions() {
        #expect(throws: CommandLineError.unknownCommand("gte", suggestions: ["get"])) {
            try parse("gte a")
        }
    }

    @Test(arguments: [
        ("0", "0s"), ("1.5s", "1.5s"), ("90s", "1m30s"), ("1h", "1h0m0s"), ("300ms", "300ms"),
        ("4608593ns", "4.608593ms"), ("-2us", "-2µs"), ("1h2m3.5s", "1h2m3.5s"),
    ])
    func durations(text: String, canonical: String) throws {
        #expect(GoDuration.text(try GoDuration.parse(text)) == canonical)
    }

    @Test(arguments: ["", "x", "5", "5x", "s", "1.2.3s", "--1s"])
    func malformedDurations(text: String) {
        #expect(throws: GoValueError.self) { try GoDuration.parse(text) }
    }

    @Test func integers() throws {
        #expect(try GoValue.int64("-9223372036854775808", base: 10) == .min)
        #expect(try GoValue.int64("ff", base: 16) == 255)
        #expect(try GoValue.int64("0x10") == 16)
        #expect(throws: GoValueError.self) { try GoValue.int64("9223372036854775808", base: 10) }
        #expect(throws: GoValueError.self) { try GoValue.uint64("-1", base: 16) }
        #expect(throws: GoValueError.self) { try GoValue.int64("+-1", base: 10) }
        #expect(throws: GoValueError.self) { try GoValue.int64("", base: 10) }
    }

    @Test(arguments: UInt64(0)..<20)
    func randomWordsAreParsedOrRefused(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "get", "lease", "grant", "-", "--", "--rev", "=", "-w", "5", "s", "h", "1.", "0x", "+",
            "\"", "é", "", " ", "9999999999999999999", "--hex", "--endpoints", ",", "\u{0}",
        ]
        for _ in 0..<500 {
            let words = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                    pieces.randomElement(using: &generator) ?? ""
                }.joined()
            }
            _ = try? parser.parse(words)
            for word in words {
                _ = try? GoDuration.parse(word)
                _ = try? GoValue.int64(word)
                _ = try? GoValue.uint64(word, base: 16)
            }
        }
    }
}
