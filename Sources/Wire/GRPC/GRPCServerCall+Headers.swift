internal import HTTP2

/// Reading of the request's headers, and refusals in grpc-go's words.
extension GRPCServerCall {
    package func streamReceivedHeader(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) -> Bool {
        guard !hasHeaders, let first = name.first else { return true }
        switch (name.count, first) {
        case (5, UInt8(ascii: ":")): readPath(value)
        case (7, UInt8(ascii: ":")): readMethodOrScheme(name, value)
        case (10, UInt8(ascii: ":")), (2, UInt8(ascii: "t")): break
        case (12, UInt8(ascii: "c")) where Self.matches(name, "content-type"):
            readContentType(value)
        case (12, UInt8(ascii: "g")) where Self.matches(name, "grpc-timeout"):
            readTimeout(value)
        case (13, UInt8(ascii: "g")) where Self.matches(name, "grpc-encoding"):
            if !Self.matches(value, "identity"), !value.isEmpty {
                refusal.encoding = String(decoding: value, as: UTF8.self)
            }
        case (20, UInt8(ascii: "g")) where Self.matches(name, "grpc-accept-encoding"): break
        case (10, UInt8(ascii: "u")) where Self.matches(name, "user-agent"): break
        default: metadata.append(name: name, value: value)
        }
        return true
    }

    package func streamReceivedHeaders(endOfStream: Bool) {
        guard !hasHeaders else { return }
        hasHeaders = true
        if let (status, httpStatus) = takeRefusal() {
            refuse(status, httpStatus: httpStatus)
        } else {
            start()
        }
    }

    private static func matches(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        let wanted = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        return GRPCMethodTable.equal(bytes, wanted)
    }

    private func readPath(_ value: UnsafeRawBufferPointer) {
        if let index = state.table.find(value) {
            methodIndex = index
        } else {
            refusal.path = String(decoding: value, as: UTF8.self)
        }
    }

    private func readMethodOrScheme(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) {
        guard Self.matches(name, ":method"), !Self.matches(value, "POST") else { return }
        refusal.httpMethod = String(decoding: value, as: UTF8.self)
    }

    private func readContentType(_ value: UnsafeRawBufferPointer) {
        refusal.hasContentType = true
        let prefix: StaticString = "application/grpc"
        let count = prefix.utf8CodeUnitCount
        if value.count >= count,
            Self.matches(UnsafeRawBufferPointer(rebasing: value[..<count]), prefix),
            value.count == count || value[count] == UInt8(ascii: "+")
                || value[count] == UInt8(ascii: ";")
        {
            return
        }
        refusal.contentType = String(decoding: value, as: UTF8.self)
    }

    private func readTimeout(_ value: UnsafeRawBufferPointer) {
        do throws(GRPCStatus) {
            let timeout = try GRPCTimeout.parse(value)
            deadlineMilliseconds = loop.nowMilliseconds + timeout
        } catch {
            refusal.timeout = error
        }
    }

    /// The order of these checks is grpc-go's.
    private func takeRefusal() -> (GRPCStatus, httpStatus: Int)? {
        if refusal.contentType != nil || !refusal.hasContentType {
            let type = quote(refusal.contentType ?? "")
            let text = "invalid gRPC request content-type \(type)"
            return (GRPCStatus(.invalidArgument, text), 415)
        }
        if let status = refusal.timeout { return (status, 400) }
        if let method = refusal.httpMethod {
            let text = "Received a HEADERS frame with :method \(quote(method)) which should be POST"
            return (GRPCStatus(.internal, text), 405)
        }
        if let deadlineMilliseconds, deadlineMilliseconds <= loop.nowMilliseconds {
            return (.deadlineExceeded, 200)
        }
        if methodIndex < 0 { return (unknownMethod(refusal.path ?? ""), 200) }
        if let encoding = refusal.encoding {
            let text = "grpc: Decompressor is not installed for grpc-encoding \(quote(encoding))"
            return (GRPCStatus(.unimplemented, text), 200)
        }
        return nil
    }

    private func unknownMethod(_ path: String) -> GRPCStatus {
        guard path.utf8.first == UInt8(ascii: "/"),
            let slash = path.dropFirst().lastIndex(of: "/")
        else {
            return GRPCStatus(.unimplemented, "malformed method name: \(quote(path))")
        }
        let service = path[..<slash].dropFirst()
        let method = path[path.index(after: slash)...]
        guard state.table.hasService(service) else {
            return GRPCStatus(.unimplemented, "unknown service \(service)")
        }
        return GRPCStatus(.unimplemented, "unknown method \(method) for service \(service)")
    }
}
