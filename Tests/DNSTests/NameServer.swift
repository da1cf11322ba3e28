import Glibc

@testable import DNS

/// A name server on loopback, over UDP and TCP on the same port, for SRV records only.
final class NameServer: Sendable {
    /// The response for one name.
    enum Behaviour: Sendable {
        case records([ServiceRecord])
        /// Only the first record fits a datagram; TCP returns all.
        case truncated([ServiceRecord])
        case code(UInt8)
        case noResponse
        /// Forged messages are sent before the response.
        case forgedFirst([ServiceRecord])
    }

    let port: UInt16
    private let names: [String: Behaviour]
    private let sockets: (datagram: Int32, stream: Int32)

    init(_ names: [String: Behaviour]) throws {
        self.names = names
        let stream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let datagram = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        port = try Self.bind(stream, to: 0)
        _ = try Self.bind(datagram, to: port)
        guard listen(stream, 8) == 0 else { throw NameServerError(errno: errno) }
        sockets = (datagram, stream)
        Self.detach { self.serveDatagrams() }
        Self.detach { self.serveStreams() }
    }

    /// Wakes the threads, which then end.
    func stop() {
        shutdown(sockets.datagram, Int32(SHUT_RDWR))
        shutdown(sockets.stream, Int32(SHUT_RDWR))
    }

    var configuration: ResolverConfiguration {
        var configuration = ResolverConfiguration()
        configuration.servers = [.init(address: "127.0.0.1", port: port)]
        configuration.timeout = .seconds(1)
        configuration.attempts = 1
        return configuration
    }

    private func serveDatagrams() {
        defer { close(sockets.datagram) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var client = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = withUnsafeMutablePointer(to: &client) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(sockets.datagram, &buffer, buffer.count, 0, $0, &length)
                }
            }
            guard count > 0 else { return }
            for response in responses(to: Array(buffer[..<count]), isDatagram: true) {
                withUnsafePointer(to: &client) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        _ = sendto(sockets.datagram, response, response.count, 0, $0, length)
                    }
                }
            }
        }
    }

    private func serveStreams() {
        defer { close(sockets.stream) }
        while true {
            let connection = accept(sockets.stream, nil, nil)
            guard connection >= 0 else { return }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(connection, &buffer, buffer.count, 0)
            if count > 2 {
                for response in responses(to: Array(buffer[2..<count]), isDatagram: false) {
                    // In two segments, as on a network.
                    let framed = Message.word(UInt16(response.count)) + response
                    _ = send(connection, Array(framed.prefix(5)), 5, 0)
                    _ = send(connection, Array(framed.dropFirst(5)), framed.count - 5, 0)
                }
            }
            close(connection)
        }
    }

    private func responses(to query: [UInt8], isDatagram: Bool) -> [[UInt8]] {
        var reader = DNSReader(query)
        guard reader.skip(12), let name = reader.name() else { return [] }
        let question = Array(query[12..<reader.offset + 4])
        let id = Array(query[..<2])
        switch names[name] ?? .code(3) {
        case .records(let records): return [Message.response(id, question, records)]
        case .truncated(let records):
            return [
                isDatagram
                    ? Message.response(id, question, Array(records.prefix(1)), flags: 0x8780)
                    : Message.response(id, question, records)
            ]
        case .code(let code):
            return [Message.response(id, question, [], flags: 0x8580 | UInt16(code))]
        case .noResponse: return []
        case .forgedFirst(let records):
            let other = [id[0] ^ 0xFF, id[1]]
            let forged = [ServiceRecord(priority: 0, weight: 0, port: 6, target: "evil.example.")]
            return [
                Message.response(other, question, forged), [1, 2, 3],
                Message.response(id, Message.name("elsewhere.example.") + [0, 33, 0, 1], forged),
                Message.response(id, question, records),
            ]
        }
    }

    private static func bind(_ descriptor: Int32, to port: UInt16) throws -> UInt16 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                let status = Glibc.bind(descriptor, pointer, length)
                return status == 0 ? getsockname(descriptor, pointer, &length) : status
            }
        }
        guard status == 0 else { throw NameServerError(errno: errno) }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func detach(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Body(body))
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        pthread_detach(thread)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}

struct NameServerError: Error {
    let errno: Int32
}

/// DNS messages, encoded by hand.
enum Message {
    static func word(_ value: UInt16) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
    }

    static func name(_ text: String) -> [UInt8] {
        text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    /// The owner name of each record is a pointer to the question, which follows the header.
    static func response(
        _ id: [UInt8], _ question: [UInt8], _ records: [ServiceRecord], flags: UInt16 = 0x8580
    ) -> [UInt8] {
        let head = id + word(flags) + word(1) + word(UInt16(records.count)) + word(0) + word(0)
        return head + question + records.flatMap { record(owner: [0xC0, 12], $0) }
    }

    static func record(owner: [UInt8], _ record: ServiceRecord) -> [UInt8] {
        let data =
            word(record.priority) + word(record.weight) + word(record.port) + name(record.target)
        return owner + word(33) + word(1) + [0, 0, 0, 60] + word(UInt16(data.count)) + data
    }
}
