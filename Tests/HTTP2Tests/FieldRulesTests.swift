import HTTP2
import Testing

@Suite("Header field rules")
struct FieldRulesTests {
    @Test func aControlCharacterIsFoundAtEachOffset() {
        // Shorter than a word of 8 bytes, whole words, and a last word that overlaps.
        for length in [1, 7, 8, 9, 17] {
            for offset in 0..<length {
                let refused = (UInt8.min...UInt8.max).filter { byte in
                    var value = [UInt8](repeating: UInt8(ascii: "a"), count: length)
                    value[offset] = byte
                    return !value.withUnsafeBytes(HTTP2FieldRules.isValue)
                }
                let controls = (UInt8.min..<0x20).filter { $0 != 0x09 } + [0x7F]
                #expect(refused == controls, "at offset \(offset) of \(length)")
            }
        }
    }

    @Test func aValueMayBeEmpty() {
        #expect([UInt8]().withUnsafeBytes(HTTP2FieldRules.isValue))
    }

    @Test func aNameHasNoUpperCaseLetters() {
        let accepted = (UInt8.min...UInt8.max).filter { byte in
            [byte].withUnsafeBytes(HTTP2FieldRules.isName)
        }
        let letters = "!#$%&'*+-.0123456789^_`abcdefghijklmnopqrstuvwxyz|~"
        #expect(accepted == Array(letters.utf8))
        #expect(![UInt8]().withUnsafeBytes(HTTP2FieldRules.isName))
    }
}
