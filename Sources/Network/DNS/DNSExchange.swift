import Glibc
import MonotonicClock

/// One query to one name server, over UDP or TCP, blocking.
struct DNSExchange {
    private static let datagramBytesMax = 4096

    let server: ResolverConfiguration.Server
    let timeout: TimeSpan

    /// The first datagram that matches the question; nil on a timeout.
    func overUDP(_ question: DNSQuestion) -> DNSResponse? {
        withSocket(SOCK_DGRAM) { descriptor in
            guard send(all: question.encoded, to: descriptor) else { return nil }
            let deadline = Deadline(in: timeout)
            var buffer = [UInt8](repeating: 0, count: Self.datagramBytesMax)
            while deadline.wait(for: descriptor, POLLIN) {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { return nil }
                if let response = DNSResponse(decoding: Array(buffer[..<count]), to: question) {
                    return response
                }
            }
            return nil
        }
    }

    /// The complete response, of any length.
    func overTCP(_ question: DNSQuestion) -> DNSResponse? {
        withSocket(SOCK_STREAM) { descriptor in
            let message = question.encoded
            let length = [
                UInt8(truncatingIfNeeded: message.count >> 8),
                UInt8(truncatingIfNeeded: message.count),
            ]
            let deadline = Deadline(in: timeout)
            guard deadline.wait(for: descriptor, POLLOUT),
                send(all: length + message, to: descriptor),
                let head = receive(2, from: descriptor, deadline),
                let body = receive(
                    Int(head[0]) << 8 | Int(head[1]), from: descriptor, deadline)
            else { return nil }
            return DNSResponse(decoding: body, to: question)
        }
    }

    private func receive(_ count: Int, from descriptor: Int32, _ deadline: Deadline) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: max(count, 1))
        while bytes.count < count {
            guard deadline.wait(for: descriptor, POLLIN) else { return nil }
            let got = recv(descriptor, &buffer, count - bytes.count, 0)
            guard got > 0 else { return nil }
            bytes.append(contentsOf: buffer[..<got])
        }
        return bytes
    }

    private func send(all bytes: [UInt8], to descriptor: Int32) -> Bool {
        // A query is much smaller than a socket's buffer.
        Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Calls the closure with a connected non-blocking socket.
    private func withSocket(
        _ kind: __socket_type, _ body: (Int32) -> DNSResponse?
    ) -> DNSResponse? {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(kind.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(server.address, String(server.port), &hints, &list) == 0,
            let list
        else { return nil }
        defer { freeaddrinfo(list) }
        let type = list.pointee.ai_socktype | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(list.pointee.ai_family, type, list.pointee.ai_protocol)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let status = connect(descriptor, list.pointee.ai_addr, list.pointee.ai_addrlen)
        guard status == 0 || errno == EINPROGRESS else { return nil }
        return body(descriptor)
    }
}

/// A deadline on the monotonic clock.
private struct Deadline {
    private let time: MonotonicTime

    init(in timeout: TimeSpan) {
        time = Self.now + timeout
    }

    private static var now: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Waits until the socket is ready; returns false after the deadline.
    func wait(for descriptor: Int32, _ events: Int32) -> Bool {
        while true {
            let left = time - Self.now
            guard left > .zero else { return false }
            var poll = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let status = Glibc.poll(&poll, 1, Int32(clamping: left.millisecondsRoundedUp))
            if status > 0 { return true }
            if status == 0 || errno != EINTR { return false }
        }
    }
}
