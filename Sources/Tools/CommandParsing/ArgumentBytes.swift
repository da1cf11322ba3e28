import Glibc

/// Arguments, variables and lines of input are bytes, and keys and values of etcd's tools need not be
/// UTF-8. In a string each byte that is not UTF-8 is encoded as a character of the last private use
/// plane. Characters of that plane in the input are encoded byte by byte too, so that decoding is
/// lossless.
extension String {
    package init(argument bytes: some Collection<UInt8>) {
        self.init(decoding: bytes, as: UTF8.self)
        // The usual case: nothing is replaced, and nothing has to be.
        guard !utf8.elementsEqual(bytes) || unicodeScalars.contains(where: \.standsForByte) else {
            return
        }
        self = Self.escaped(Array(bytes))
    }

    /// What `init(argument:)` was given.
    package var argumentBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(utf8.count)
        for scalar in unicodeScalars {
            if scalar.standsForByte {
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        return bytes
    }

    private static func escaped(_ bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        var parser = UTF8.ForwardParser()
        var rest = bytes.makeIterator()
        var index = 0
        while true {
            let count: Int
            switch parser.parseScalar(from: &rest) {
            case .emptyInput: return String(text)
            case .error(let length): count = length
            case .valid(let encoded):
                let scalar = UTF8.decode(encoded)
                count = scalar.standsForByte ? encoded.count : 0
                if count == 0 {
                    text.append(scalar)
                    index += encoded.count
                }
            }
            for byte in bytes[index..<index + count] { text.append(Unicode.Scalar(for: byte)) }
            index += count
        }
    }
}

extension Unicode.Scalar {
    /// The characters for 0x80 to 0xFF; the bytes below are always UTF-8.
    fileprivate var standsForByte: Bool { value >= 0x10FF80 }

    fileprivate init(for byte: UInt8) {
        self = Unicode.Scalar(0x10FF00 + UInt32(byte)) ?? "\u{FFFD}"
    }
}

extension CommandLine {
    /// The arguments of the process without the name of the program.
    package static var argumentsOfTool: [String] {
        UnsafeBufferPointer(start: unsafeArgv, count: Int(argc)).dropFirst().compactMap { word in
            word.map { String(argument: UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
        }
    }
}
