internal import GoText
package import HTTP2
internal import MonotonicClock

/// Parsing of request headers; refusals have grpc-go's texts.
extension GRPCServerCall {
    package func streamReceivedHeader(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) -> HTTP2FieldResult {
        guard !hasHeaders else { return .accepted }
        guard let first = name.first else { return .refused(.protocolError) }
        if first == UInt8(ascii: ":") { return readPseudo(name, value) }
        headerFields.insert(.regular)
        let code: HTTP2ErrorCode?
        switch (name.count, first) {
        case (2, UInt8(ascii: "t")) where Self.matches(name, "te"),
            (10, UInt8(ascii: "u")) where Self.matches(name, "user-agent"),
            (20, UInt8(ascii: "g")) where Self.matches(name, "grpc-accept-encoding"):
            guard HTTP2FieldRules.isValue(value) else { return .refused(.protocolError) }
            return .repeatable(GRPCHeaderFields.regular)
        case (12, UInt8(ascii: "c")) where Self.matches(name, "content-type"):
            if Self.matches(value, Self.contentType) { return readGRPCContentType() }
            code = readContentType(value)
        case (12, UInt8(ascii: "g")) where Self.matches(name, "grpc-timeout"):
            code = readTimeout(value) ?? keepTimeout(name, value)
        case (13, UInt8(ascii: "g")) where Self.matches(name, "grpc-encoding"):
            code = readEncoding(value)
        default: code = readOther(name, value)
        }
        return code.map(HTTP2FieldResult.refused) ?? .accepted
    }

    package func streamReceivedRepeatedHeader(effect: UInt16) -> HTTP2ErrorCode? {
        guard !hasHeaders else { return nil }
        let fields = GRPCHeaderFields(rawValue: effect)
        if fields.contains(.contentType) {
            contentSubtype = ""
        } else if !fields.contains(.regular) {
            guard headerFields.isDisjoint(with: fields.union(.regular)) else {
                return .protocolError
            }
        }
        headerFields.formUnion(fields)
        return nil
    }

    package func streamReceivedHeaders(endOfStream: Bool) {
        guard !hasHeaders else { return }
        hasHeaders = true
        if headerFields.contains(.connection), !headerFields.contains(.secondHost) {
            stream?.reset(.protocolError)
            isClosed = true
        } else if let requests = connection.requests, !isCall {
            handOver(to: requests)
        } else if let (status, httpStatus) = takeRefusal() {
            refuse(status, httpStatus: httpStatus)
        } else {
            start()
        }
    }

    private static func matches(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        let expected = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        return GRPCMethodTable.equal(bytes, expected)
    }

    /// Values up to this size are checked even if they are not kept.
    private static let checkedValueBytesMax = 256

    /// Each pseudo-header occurs once, before all other fields.
    private func readPseudo(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) -> HTTP2FieldResult {
        guard let field = Self.pseudoField(name),
            headerFields.isDisjoint(with: [field, .regular])
        else { return .refused(.protocolError) }
        headerFields.insert(field)
        if field == .path, let index = state.table.find(value) {
            methodIndex = index
            return .accepted
        }
        if field == .method, Self.matches(value, "POST") { return .repeatable(field) }
        guard HTTP2FieldRules.isValue(value) else { return .refused(.protocolError) }
        switch field {
        case .scheme: return .repeatable(field)
        case .path: refusal.path = String(decoding: value, as: UTF8.self)
        case .method: refusal.httpMethod = String(decoding: value, as: UTF8.self)
        case .authority:
            guard let requests = connection.requests else { return .repeatable(field) }
            if requests.keepAuthority(value) { return .repeatable(field) }
        default: break
        }
        return .accepted
    }

    private static func pseudoField(_ name: UnsafeRawBufferPointer) -> GRPCHeaderFields? {
        switch name.count {
        case 5 where matches(name, ":path"): .path
        case 7 where matches(name, ":method"): .method
        case 7 where matches(name, ":scheme"): .scheme
        case 10 where matches(name, ":authority"): .authority
        case 9 where matches(name, ":protocol"): .protocol
        default: nil
        }
    }

    private static let contentType: StaticString = "application/grpc"

    private func readGRPCContentType() -> HTTP2FieldResult {
        headerFields.insert(.contentType)
        contentSubtype = ""
        return .repeatable([.regular, .contentType])
    }

    /// Reads a content type other than `application/grpc`.
    private func readContentType(_ value: UnsafeRawBufferPointer) -> HTTP2ErrorCode? {
        guard HTTP2FieldRules.isValue(value) else { return .protocolError }
        let count = Self.contentType.utf8CodeUnitCount
        if value.count > count,
            Self.matches(UnsafeRawBufferPointer(rebasing: value[..<count]), Self.contentType),
            value[count] == UInt8(ascii: "+") || value[count] == UInt8(ascii: ";")
        {
            headerFields.insert(.contentType)
            contentSubtype = String(decoding: value[(count + 1)...], as: UTF8.self)
            return keep(bytes: value.count)
        } else {
            refusal.contentType = String(decoding: value, as: UTF8.self)
        }
        return nil
    }

    private func readTimeout(_ value: UnsafeRawBufferPointer) -> HTTP2ErrorCode? {
        guard HTTP2FieldRules.isValue(value) else { return .protocolError }
        do throws(GRPCStatus) {
            let timeout = try GRPCTimeout.parse(value)
            deadline = loop.now + timeout
        } catch {
            refusal.malformed = error
        }
        return nil
    }

    /// The timeout of a request that is no call.
    private func keepTimeout(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) -> HTTP2ErrorCode? {
        methodIndex < 0 ? connection.requests?.keep(name, value, of: self) : nil
    }

    private func readEncoding(_ value: UnsafeRawBufferPointer) -> HTTP2ErrorCode? {
        guard HTTP2FieldRules.isValue(value) else { return .protocolError }
        isGzip = Self.matches(value, "gzip")
        let isKnown = isGzip || value.isEmpty || Self.matches(value, "identity")
        refusal.encoding = isKnown ? nil : String(decoding: value, as: UTF8.self)
        return nil
    }

    private func readOther(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) -> HTTP2ErrorCode? {
        guard HTTP2FieldRules.isName(name) else { return .protocolError }
        // Long values that are not kept are not checked for control characters: with HPACK one
        // received byte can be a field of several kilobytes.
        let isSkipped = value.count > Self.checkedValueBytesMax && !state.keptNames.contains(name)
        guard isSkipped || HTTP2FieldRules.isValue(value) else { return .protocolError }
        if Self.matches(name, "host") {
            headerFields.insert(headerFields.contains(.host) ? .secondHost : .host)
            refusal.hosts += 1
            return connection.requests?.keep(name, value, of: self)
        }
        if Self.matches(name, "connection") {
            headerFields.insert(.connection)
            return nil
        }
        if let code = connection.requests?.keep(name, value, of: self) { return code }
        if !isSkipped, name.count >= 4,
            Self.matches(UnsafeRawBufferPointer(rebasing: name.suffix(4)), "-bin"),
            let offset = GRPCBinaryMetadata.firstInvalidOffset(in: value)
        {
            refusal.malformed = GRPCStatus(
                .internal,
                "malformed binary metadata \(String(decoding: value, as: UTF8.self).goQuoted) in "
                    + "header \(String(decoding: name, as: UTF8.self).goQuoted): "
                    + "illegal base64 data at input byte \(offset)")
        }
        guard state.keptNames.contains(name), !metadata.contains(name) else { return nil }
        metadata.append(name: name, value: value)
        return keep(bytes: name.count + value.count + 32)
    }

    private func keep(bytes: Int) -> HTTP2ErrorCode? {
        stream?.keepHeader(bytes: bytes) == true ? nil : .enhanceYourCalm
    }

    /// The order of these checks is grpc-go's.
    private func takeRefusal() -> (GRPCStatus, httpStatus: Int)? {
        if headerFields.contains(.secondHost) {
            let authorities = headerFields.contains(.authority) ? 1 : 0
            let text =
                "num values of :authority: \(authorities), num values of host: \(refusal.hosts), "
                + "both must only have 1 value as per HTTP/2 spec"
            return (GRPCStatus(.internal, text), 400)
        }
        if !headerFields.contains(.contentType) {
            let type = (refusal.contentType ?? "").goQuoted
            let text = "invalid gRPC request content-type \(type)"
            return (GRPCStatus(.invalidArgument, text), 415)
        }
        if let status = refusal.malformed { return (status, 400) }
        if refusal.httpMethod != nil || !headerFields.contains(.method) {
            let method = (refusal.httpMethod ?? "").goQuoted
            let text = "Received a HEADERS frame with :method \(method) which should be POST"
            return (GRPCStatus(.internal, text), 405)
        }
        if let deadline, deadline <= loop.now {
            return (.deadlineExceeded, 200)
        }
        if methodIndex < 0 { return (unknownMethod(refusal.path ?? ""), 200) }
        if let encoding = refusal.encoding {
            let text = "grpc: Decompressor is not installed for grpc-encoding \(encoding.goQuoted)"
            return (GRPCStatus(.unimplemented, text), 200)
        }
        return nil
    }

    private func unknownMethod(_ path: String) -> GRPCStatus {
        guard path.utf8.first == UInt8(ascii: "/"),
            let slash = path.dropFirst().lastIndex(of: "/")
        else {
            return GRPCStatus(.unimplemented, "malformed method name: \(path.goQuoted)")
        }
        let service = path[..<slash].dropFirst()
        let method = path[path.index(after: slash)...]
        guard state.table.hasService(service) else {
            return GRPCStatus(.unimplemented, "unknown service \(service)")
        }
        return GRPCStatus(.unimplemented, "unknown method \(method) for service \(service)")
    }
}

extension HTTP2FieldResult {
    fileprivate static func repeatable(_ fields: GRPCHeaderFields) -> HTTP2FieldResult {
        .repeatable(effect: fields.rawValue)
    }
}

/// The header fields received for a request.
struct GRPCHeaderFields: OptionSet {
    let rawValue: UInt16

    static let path = GRPCHeaderFields(rawValue: 1)
    static let method = GRPCHeaderFields(rawValue: 2)
    static let scheme = GRPCHeaderFields(rawValue: 4)
    static let authority = GRPCHeaderFields(rawValue: 8)
    static let `protocol` = GRPCHeaderFields(rawValue: 16)
    /// Any field that is not a pseudo-header.
    static let regular = GRPCHeaderFields(rawValue: 32)
    /// A gRPC content type.
    static let contentType = GRPCHeaderFields(rawValue: 64)
    static let host = GRPCHeaderFields(rawValue: 128)
    static let secondHost = GRPCHeaderFields(rawValue: 256)
    static let connection = GRPCHeaderFields(rawValue: 512)
}

/// Reasons to refuse a request, collected while its headers are received.
struct GRPCRefusal {
    var path: String?
    var httpMethod: String?
    var contentType: String?
    var encoding: String?
    var hosts = 0
    /// A malformed timeout or binary metadata; the last one counts.
    var malformed: GRPCStatus?
}
