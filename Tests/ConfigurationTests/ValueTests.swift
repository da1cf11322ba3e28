@testable import ServerLogging
@testable import Configuration
import Testing

@testable import EtcdServer

@Suite struct ValueTests {
    @Test(arguments: [
        ("0", 0), ("100ms", 100_000_000), ("1h2m", 3_720_000_000_000), ("1.5s", 1_500_000_000),
        ("-2us", -2_000), ("+3ns", 3), ("1µs", 1_000), (".5m", 30_000_000_000),
        ("9223372036854775807ns", Int64.max),
    ])
    func durationTextIsRead(text: String, nanoseconds: Int64) {
        #expect(GoDuration.nanoseconds(text) == nanoseconds)
    }

    @Test(arguments: [
        "", "3", "-", "1x", "1 s", ".s", "9223372036854775808ns", "2562048h",
        "99999999999999999999s",
    ])
    func wrongDurationTextIsRefused(text: String) {
        #expect(GoDuration.nanoseconds(text) == nil)
    }

    @Test(arguments: [
        (0, "0s"), (1, "1ns"), (896_843, "896.843µs"), (1_500_000, "1.5ms"),
        (2_000_000_000, "2s"), (3_720_500_000_000, "1h2m0.5s"), (60_000_000_000, "1m0s"),
        (-100_000_000, "-100ms"),
        (Int64.min, "-2562047h47m16.854775808s"),
    ])
    func durationIsWrittenAsGoDoes(nanoseconds: Int64, text: String) {
        #expect(GoDuration.text(nanoseconds: nanoseconds) == text)
    }

    @Test(arguments: [("0x10", 16), ("0o17", 15), ("017", 15), ("0b11", 3), ("0x_f", 15), ("0", 0)])
    func integerPrefixIsRead(text: String, value: UInt64) throws {
        #expect(try UInt64(flagText: text) == value)
    }

    @Test(arguments: ["", "-1", "+1", "0x", "1_000", "0x_", "--1", "1e3", "٣", "08"])
    func wrongIntegerIsRefused(text: String) {
        #expect(throws: FlagValueError.syntax) { try UInt64(flagText: text) }
    }

    @Test func urlPartsAreFound() throws {
        let plain = try EndpointURL(" HTTP://127.0.0.1:2379 ")
        #expect(plain.text == "http://127.0.0.1:2379")
        #expect((plain.host, plain.port) == ("127.0.0.1", 2_379))
        let six = try EndpointURL("https://[::1]:1")
        #expect((six.host, six.authority) == ("::1", "[::1]:1"))
        #expect(try EndpointURL("http://127.0.0.1:").port == 0)
        #expect(try EndpointURL("unix://localhost:20000").socketPath == "localhost:20000")
        #expect(try EndpointURL("unix:///run/e.sock").socketPath == "/run/e.sock")
        #expect(try EndpointURL("unixs:/run/e.sock").socketPath == "/run/e.sock")
    }

    @Test(arguments: [
        ("http://127.0.0.1", #"URL address does not have the form "host:port": http://127.0.0.1"#),
        ("http://127.0.0.1:1/", "URL must not contain a path: http://127.0.0.1:1/"),
        ("foo", "URL scheme must be http, https, unix, or unixs: foo"),
        (
            "127.0.0.1:1",
            #"parse "127.0.0.1:1": first path segment in URL cannot contain colon"#
        ),
        (":1", #"parse ":1": missing protocol scheme"#),
        ("http://a b:1", #"parse "http://a b:1": invalid character " " in host name"#),
        ("http://a:b", #"parse "http://a:b": invalid port ":b" after host"#),
        ("http://::1:2", #"URL address does not have the form "host:port": http://::1:2"#),
        ("http://a:65536", "port 65536 is not in 0...65535: http://a:65536"),
    ])
    func wrongURLIsRefused(text: String, message: String) {
        #expect(throws: FlagValueError(message)) { try EndpointURL(text) }
    }

    @Test func urlListIsSortedWithoutDuplicates() throws {
        let list = try EndpointURLList(flagText: "http://b:1,http://a:1,http://b:1")
        #expect(list.texts == ["http://a:1", "http://b:1"])
        #expect(throws: FlagValueError.self) { try EndpointURLList(flagText: "http://a:1,") }
    }
}
