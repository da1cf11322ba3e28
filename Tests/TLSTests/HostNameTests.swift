import GoText
import TestSupport
import Testing

@testable import TLS

@Suite("host names and addresses")
struct HostNameTests {
    private func matches(_ names: [String], _ host: String) throws -> Bool {
        let issued = try Issued.selfSigned(.init(commonName: "x", dnsNames: names))
        return HostName.matches(try X509Certificate(issued.der), host)
    }

    @Test func names() throws {
        #expect(try matches(["a.example.com"], "a.example.com"))
        #expect(try matches(["a.example.com"], "A.EXAMPLE.com."))
        #expect(try matches(["*.example.com"], "a.example.com"))
        #expect(try !matches(["*.example.com"], "example.com"))
        #expect(try !matches(["*.example.com"], ".example.com"))
        #expect(try !matches(["a.*.com"], "a.b.com"))
        #expect(try !matches(["a*.example.com"], "ab.example.com"))
        #expect(try matches(["under_score.com"], "under_score.com"))
        #expect(try !matches([""], ""))
        #expect(try !matches(["."], "."))
        // Names that are none are compared as they are.
        #expect(try matches(["a b"], "A B"))
    }

    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1"), ("::", "::"), ("::1", "::1"), ("fe80:0:0:0::1", "fe80::1"),
        ("2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
        ("::ffff:1.2.3.4", "1.2.3.4"), ("FE80::A", "fe80::a"), ("1::", "1::"),
    ])
    func addresses(_ text: String, _ written: String) {
        #expect(IPAddress(text)?.text == written)
    }

    @Test(arguments: ["", "10.0.0", "010.0.0.1", "1.2.3.4.5", "fe80::1%eth0", "[::1]", "x"])
    func noAddresses(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func timesAndDates() {
        #expect(CivilTime.text(secondsSince1970: 0) == "1970-01-01T00:00:00Z")
        #expect(CivilTime.text(secondsSince1970: 951_782_400) == "2000-02-29T00:00:00Z")
        #expect(CivilTime.text(secondsSince1970: 1_795_926_530) == "2026-11-29T04:28:50Z")
        #expect(CivilTime.text(secondsSince1970: -1) == "1969-12-31T23:59:59Z")
        #expect(CivilTime.text(secondsSince1970: .min) == "0000-01-01T00:00:00Z")
        #expect(CivilTime.text(secondsSince1970: .max) == "9999-12-31T23:59:59Z")
        for seconds: Int64 in stride(
            from: -62_167_219_200, through: 253_402_300_799, by: 777_777_777)
        {
            #expect(CivilTime(secondsSince1970: seconds).secondsSince1970 == seconds)
        }
        #expect(CivilTime(year: 2026, month: 2, day: 29, hour: 0, minute: 0, second: 0) == nil)
    }

    @Test func timesOfDER() throws {
        func seconds(_ text: String, _ tag: DERTag) throws -> Int64 {
            var reader = DERReader(DERWriter.element(tag, Array(text.utf8)))
            return try reader.readTime()
        }
        #expect(try seconds("700101000000Z", .utcTime) == 0)
        #expect(try seconds("7001010000Z", .utcTime) == 0)
        #expect(try seconds("700101010000+0100", .utcTime) == 0)
        #expect(try seconds("491231235959Z", .utcTime) == 2_524_607_999)
        #expect(try seconds("500101000000Z", .utcTime) < 0)
        #expect(try seconds("20500101000000Z", .generalizedTime) == 2_524_608_000)
        for text in ["", "7001010000", "700101000000+0000", "701301000000Z", "700101000000.5Z"] {
            #expect(throws: X509Error("x509: malformed UTCTime")) {
                try seconds(text, .utcTime)
            }
        }
    }

    @Test func textsInQuotes() {
        #expect("a\"b\\c\n\u{1}é".goQuoted == "\"a\\\"b\\\\c\\n\\x01é\"")
        #expect(["a", "b"].goQuoted == "[\"a\" \"b\"]")
        #expect(serial([0x04, 0x15]) == "1045")
        #expect(serial([]) == "0")
        #expect(
            serial(Array(repeating: 0xff, count: 16))
                == "340282366920938463463374607431768211455")
    }
}
