import CommandParsing
import Testing

@Suite("Arguments that are not UTF-8")
struct ArgumentBytesTests {
    private static let samples: [[UInt8]] = [
        [], Array("key".utf8), [0x6B, 0xFF], [0xC3], [0xE2, 0x82, 0x61], [0xED, 0xA0, 0x80],
        [0xF4, 0x90, 0x80, 0x80], Array("\u{FFFD}".utf8), Array("\u{10FFFF}a".utf8),
        [0x80] + Array("\u{10FF80}".utf8) + [0xFF],
    ]

    @Test(arguments: samples)
    func giveTheirBytesBack(_ bytes: [UInt8]) {
        #expect(String(argument: bytes).argumentBytes == bytes)
    }

    @Test func ofAnyKindGiveTheirBytesBack() {
        let leading: [UInt8] = [0x61, 0x80, 0xBF, 0xC3, 0xE2, 0xED, 0xF0, 0xF4, 0xFF]
        for first in leading {
            for second in UInt8.min...UInt8.max {
                for third in leading {
                    let bytes = [first, second, third, 0x80]
                    #expect(String(argument: bytes).argumentBytes == bytes)
                }
            }
        }
    }

    @Test func keepTextAsItIs() {
        #expect(String(argument: Array("--prefix=schlüssel".utf8)) == "--prefix=schlüssel")
        #expect(String(argument: [0x2D, 0x2D, 0x61, 0x3D, 0xFF]).hasPrefix("--a="))
    }
}
