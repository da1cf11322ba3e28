internal import ProtobufJSON

/// Reads the input as the body of a request to the JSON gateway, and as the wire form of a response.
///
/// The first byte chooses the method. What the JSON means must survive the way to the wire form and
/// back, and neither may depend on the parts in which the bytes arrive.
package func fuzzGatewayRequests(_ input: UnsafeRawBufferPointer) {
    guard let choice = input.first else { return }
    let method = methods[Int(choice) % methods.count]
    let body = [UInt8](input.dropFirst())
    for value in values(body, partBytes: .max) {
        guard let wire = Conversion.wire(value, method.request) else { continue }
        guard let json = Conversion.json(wire, method.request, partBytes: .max) else {
            preconditionFailure("what JSON was converted to is a message")
        }
        guard let again = Conversion.wire(json, method.request) else {
            preconditionFailure("what is written as JSON can be read")
        }
        precondition(
            Conversion.json(again, method.request, partBytes: 3) == json, "a message survives")
    }
    precondition(
        values(body, partBytes: 1) == values(body, partBytes: .max), "parts do not matter")
    _ = Conversion.json(body, method.response, partBytes: 1 + Int(choice))
}

private let methods = ProtobufSchema.etcd.paths.compactMap { ProtobufSchema.etcd.method($0) }

/// The values at the start of a body that are complete and well-formed.
private func values(_ body: [UInt8], partBytes: Int) -> [[UInt8]] {
    var scanner = JSONValueScanner()
    var (position, start, found) = (0, 0, [[UInt8]]())
    var end = 0
    do {
        while end < body.count {
            end = min(body.count, end + min(partBytes, body.count))
            try body[..<end].withUnsafeBytes { bytes in
                while try scanner.scan(bytes, from: &position) {
                    found.append(Array(body[start..<position]))
                    start = position
                }
            }
        }
        if try scanner.finish() { found.append(Array(body[start..<position])) }
    } catch {
        // The rest is no JSON.
    }
    return found
}

private enum Conversion {
    static func wire(_ json: [UInt8], _ message: MessageID) -> [UInt8]? {
        try? json.withUnsafeBytes { bytes in
            try ProtobufSchema.etcd.wireBytes(fromJSON: bytes, of: message)
        }
    }

    static func json(_ wire: [UInt8], _ message: MessageID, partBytes: Int) -> [UInt8]? {
        var conversion = WireToJSON(.etcd, message)
        var rest = wire[...]
        do {
            while !rest.isEmpty {
                try Array(rest.prefix(partBytes)).withUnsafeBytes { try conversion.append($0) }
                rest = rest.dropFirst(partBytes)
            }
            try conversion.finish()
        } catch {
            return nil
        }
        return conversion.take()
    }
}
