@testable import Configuration
import Testing

@testable import EtcdServer

@Suite struct CommandLineTests {
    @Test(arguments: [
        ["--name", "m1"], ["-name", "m1"], ["--name=m1"], ["-name=m1"],
        ["--name=m0", "--name", "m1"],
    ])
    func flagTakesItsValueInEveryForm(arguments: [String]) {
        #expect(load(arguments).configuration?.name == "m1")
    }

    @Test func booleanIsTrueWhenBareAndTakesNoNextArgument() {
        #expect(load(["--unsafe-no-fsync"]).configuration?.unsafeNoFsync == true)
        #expect(load(["--pre-vote=f"]).configuration?.preVote == false)
        #expect(load(["--pre-vote", "false"]).finish?.status == 1)
    }

    @Test(arguments: [
        ("--nothing", "flag provided but not defined: -nothing"),
        ("---name", "bad flag syntax: ---name"),
        ("-=3", "bad flag syntax: -=3"),
        ("--name", "flag needs an argument: -name"),
        ("--pre-vote=maybe", #"invalid boolean value "maybe" for -pre-vote: parse error"#),
        ("--election-timeout=x", #"invalid value "x" for flag -election-timeout: parse error"#),
        (
            "--snapshot-count=-1",
            #"invalid value "-1" for flag -snapshot-count: parse error"#
        ),
        (
            "--max-concurrent-streams=4294967296",
            #"invalid value "4294967296" for flag -max-concurrent-streams: value out of range"#
        ),
        (
            "--backend-batch-interval=3",
            #"invalid value "3" for flag -backend-batch-interval: parse error"#
        ),
        (
            "--initial-cluster-state=old",
            #"invalid value "old" for flag -initial-cluster-state: invalid value"#
        ),
        (
            "--listen-peer-urls=ftp://127.0.0.1:3",
            #"invalid value "ftp://127.0.0.1:3" for flag -listen-peer-urls: "#
                + "URL scheme must be http, https, unix, or unixs: ftp://127.0.0.1:3"
        ),
        (
            "--feature-gates=X=true",
            #"invalid value "X=true" for flag -feature-gates: unrecognized feature gate: X"#
        ),
    ])
    func mistakeIsAUsageError(argument: String, message: String) {
        let finish = load([argument]).finish
        #expect(finish?.status == 2)
        #expect(finish?.diagnostics.hasPrefix(message + "\nUsage:\n") == true)
        #expect(finish?.output == "")
    }

    @Test func positionalArgumentIsRefusedInTheLog() {
        let loaded = load(["--name", "a", "stray", "--name"])
        #expect(loaded.finish?.status == 1)
        #expect(loaded.log.last?.contains(#""error":"\"stray\" is not a valid flag""#) == true)
        #expect(load(["--", "--name"]).log.last?.contains(#"\"--name\" is not"#) == true)
    }

    @Test func versionHasFourLinesIncludingOurOwn() {
        let finish = load(["--version"]).finish
        let lines = finish?.output.split(separator: "\n") ?? []
        #expect(finish?.status == 0)
        #expect(lines.count == 4)
        #expect(lines.first == "etcd Version: 3.7.1")
        #expect(lines.contains { $0.hasPrefix("Swift-etcd Version: ") })
    }

    @Test(arguments: ["-h", "--help", "-help"]) func helpListsEveryFlag(argument: String) {
        let finish = load([argument]).finish
        #expect(finish?.status == 0)
        for flag in FlagTable.all where flag.category != .hidden && flag.category != .top {
            #expect(finish?.output.contains("\n  --\(flag.name) '") == true, "\(flag.name)")
        }
    }

    @Test func oldFlagIsIgnoredWithAWarning() {
        let loaded = load(["-v=3", "--force"])
        #expect(loaded.configuration != nil)
        #expect(
            loaded.log.contains {
                $0.contains("flag is no longer supported - ignoring")
                    && $0.hasSuffix(#""flag-name":"force"}"#)
            })
    }

    @Test func emptyDataDirectoryIsNamedAfterTheMember() {
        #expect(load(["--name=m1"]).configuration?.dataDirectory == "m1.etcd")
    }

    @Test func nameAloneRebuildsTheDefaultCluster() {
        let peers = "--initial-advertise-peer-urls=http://127.0.0.1:2,http://127.0.0.1:1"
        #expect(
            load(["--name=m1", peers]).configuration?.initialCluster
                == "m1=http://127.0.0.1:1,m1=http://127.0.0.1:2")
        #expect(
            load([peers]).configuration?.initialCluster == "default=http://localhost:2380")
    }

    @Test func emptyURLTextKeepsTheDefault() {
        #expect(
            load(["--listen-peer-urls="]).configuration?.listenPeerURLs.texts
                == ["http://localhost:2380"])
    }
}
