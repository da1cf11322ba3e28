/// The parts of a ClientHello that etcd logs.
package struct ClientHello: Sendable, Hashable {
    /// The name of the server name indication; empty without one.
    package var serverName: String
    /// The versions that the client offers, in its order: 0x0304 is TLS 1.3.
    package var versions: [UInt16]
    package var cipherSuites: [UInt16]
    package var applicationProtocols: [String]

    package init(
        serverName: String = "", versions: [UInt16] = [], cipherSuites: [UInt16] = [],
        applicationProtocols: [String] = []
    ) {
        self.serverName = serverName
        self.versions = versions
        self.cipherSuites = cipherSuites
        self.applicationProtocols = applicationProtocols
    }

    /// Parses the body of the message.
    /// - Returns: nil for a malformed one.
    static func parse(body: UnsafeRawBufferPointer) -> ClientHello? {
        parse(body: BigEndianReader(body))
    }

    private static func parse(body: BigEndianReader) -> ClientHello? {
        var body = body
        guard let legacyVersion = body.readNumber(), body.skip(32),
            body.readVector(lengthBytes: 1) != nil,
            let suites = body.readVector(lengthBytes: 2)?.numbers(),
            body.readVector(lengthBytes: 1) != nil
        else { return nil }
        var hello = ClientHello(
            versions: versions(upTo: legacyVersion), cipherSuites: suites)
        if body.isEmpty { return hello }
        guard var extensions = body.readVector(lengthBytes: 2) else { return nil }
        while !extensions.isEmpty {
            guard let type = extensions.readNumber(),
                let content = extensions.readVector(lengthBytes: 2), hello.add(type, content)
            else { return nil }
        }
        return hello
    }

    /// What a client offers that does not list its versions, the newest first.
    private static func versions(upTo newest: UInt16) -> [UInt16] {
        [0x0303, 0x0302, 0x0301].filter { $0 <= newest }
    }

    /// - Returns: false for an extension that is malformed.
    private mutating func add(_ type: UInt16, _ content: BigEndianReader) -> Bool {
        var content = content
        switch type {
        case 0:
            guard var names = content.readVector(lengthBytes: 2) else { return false }
            while !names.isEmpty {
                guard let kind = names.readByte(), let name = names.readVector(lengthBytes: 2)
                else { return false }
                // As in Go, a name may not end with a dot.
                guard kind == 0 else { continue }
                if name.bytes.last == UInt8(ascii: ".") { return false }
                if serverName.isEmpty { serverName = name.text }
            }
        case 16:
            guard var protocols = content.readVector(lengthBytes: 2) else { return false }
            while !protocols.isEmpty {
                guard let name = protocols.readVector(lengthBytes: 1) else { return false }
                applicationProtocols.append(name.text)
            }
        case 43:
            guard let listed = content.readVector(lengthBytes: 1)?.numbers() else { return false }
            versions = listed
        default: break
        }
        return true
    }
}

/// Reads numbers and vectors as TLS encodes them. A read that fails returns nil.
struct BigEndianReader {
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ bytes: UnsafeRawBufferPointer) {
        rest = bytes[...]
    }

    private init(_ rest: Slice<UnsafeRawBufferPointer>) {
        self.rest = rest
    }

    var isEmpty: Bool { rest.isEmpty }
    var count: Int { rest.count }
    var bytes: Slice<UnsafeRawBufferPointer> { rest }
    var text: String { String(decoding: rest, as: UTF8.self) }

    mutating func readByte() -> UInt8? {
        rest.popFirst()
    }

    mutating func readNumber() -> UInt16? {
        guard rest.count >= 2, let high = rest.popFirst(), let low = rest.popFirst() else {
            return nil
        }
        return UInt16(high) << 8 | UInt16(low)
    }

    mutating func skip(_ count: Int) -> Bool {
        guard rest.count >= count else { return false }
        rest = rest.dropFirst(count)
        return true
    }

    mutating func read(_ count: Int) -> BigEndianReader? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return BigEndianReader(rest.prefix(count))
    }

    /// A vector with a length of one or two bytes in front.
    mutating func readVector(lengthBytes: Int) -> BigEndianReader? {
        let length = lengthBytes == 1 ? readByte().map(Int.init) : readNumber().map(Int.init)
        return length.flatMap { read($0) }
    }

    /// All of it as numbers of two bytes; nil if there is half a one.
    func numbers() -> [UInt16]? {
        guard count % 2 == 0 else { return nil }
        var reader = self
        var numbers: [UInt16] = []
        while let number = reader.readNumber() { numbers.append(number) }
        return numbers
    }
}
