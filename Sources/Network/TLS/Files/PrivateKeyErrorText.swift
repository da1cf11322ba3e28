/// What Go's parser of PKCS#8 says about bytes that are no private key. It reads the outer
/// element, and the first field in it.
enum PrivateKeyErrorText {
    static func of(_ der: [UInt8]) -> String {
        switch Header.read(der[...]) {
        case .failure(let text): return text.description
        case .success(let outer):
            guard outer.tag == 16, outer.isCompound, outer.classNumber == 0 else {
                return mismatch(16, outer, "pkcs8")
            }
            let content = der.dropFirst(outer.headerLength).prefix(outer.length)
            return field(content)
        }
    }

    /// The version.
    private static func field(_ content: ArraySlice<UInt8>) -> String {
        guard !content.isEmpty else { return "asn1: syntax error: sequence truncated" }
        switch Header.read(content) {
        case .failure(let text): return text.description
        case .success(let first):
            guard first.tag == 2, !first.isCompound, first.classNumber == 0 else {
                return mismatch(2, first, "int")
            }
            return "asn1: structure error: tags don't match"
        }
    }

    private static func mismatch(_ expected: Int, _ found: Header, _ type: String) -> String {
        "asn1: structure error: tags don't match (\(expected) vs {class:\(found.classNumber) "
            + "tag:\(found.tag) length:\(found.length) isCompound:\(found.isCompound)}) "
            + "{optional:false explicit:false application:false private:false defaultValue:<nil> "
            + "tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} \(type) "
            + "@\(found.headerLength)"
    }

    private struct Header {
        var classNumber: Int
        var tag: Int
        var isCompound: Bool
        var length: Int
        var headerLength: Int

        static func read(_ bytes: ArraySlice<UInt8>) -> Result<Header, X509Error> {
            func failure(_ text: String) -> Result<Header, X509Error> {
                .failure(X509Error("asn1: " + text))
            }
            let bytes = Array(bytes.prefix(8))
            let available = bytes.count
            guard let first = bytes.first, available >= 2 else {
                return failure("syntax error: truncated tag or length")
            }
            guard first & 0x1f != 0x1f else { return failure("structure error: long tag") }
            var length = Int(bytes[1])
            var headerLength = 2
            if length & 0x80 != 0 {
                let count = length & 0x7f
                guard count > 0 else {
                    return failure("syntax error: indefinite length found (not DER)")
                }
                length = 0
                for index in 0..<count {
                    guard 2 + index < available else {
                        return failure("syntax error: truncated tag or length")
                    }
                    guard length < 1 << 23 else {
                        return failure("structure error: length too large")
                    }
                    length = length << 8 | Int(bytes[2 + index])
                    guard length > 0 else {
                        return failure("structure error: superfluous leading zeros in length")
                    }
                }
                headerLength += count
                guard length >= 0x80 else {
                    return failure("structure error: non-minimal length")
                }
            }
            return .success(
                Header(
                    classNumber: Int(first >> 6), tag: Int(first & 0x1f),
                    isCompound: first & 0x20 != 0, length: length, headerLength: headerLength))
        }
    }
}
