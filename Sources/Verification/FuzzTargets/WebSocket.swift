internal import HTTPServices

/// Reads the input as frames of a WebSocket client, in parts of a length that the first byte chooses:
/// the parts do not matter.
package func fuzzWebSocket(_ input: UnsafeRawBufferPointer) {
    guard let choice = input.first else { return }
    let bytes = [UInt8](input.dropFirst())
    let whole = events(bytes, partBytes: max(bytes.count, 1))
    precondition(events(bytes, partBytes: 1 + Int(choice & 0xF)) == whole, "parts do not matter")
}

/// What is read until the first failure.
private func events(_ bytes: [UInt8], partBytes: Int) -> [WebSocketReader.Event] {
    var reader = WebSocketReader(messageBytesMax: 1000)
    var (found, rest) = ([WebSocketReader.Event](), bytes[...])
    while !rest.isEmpty {
        Array(rest.prefix(partBytes)).withUnsafeBytes { reader.append($0) }
        rest = rest.dropFirst(partBytes)
        while let event = reader.next() {
            found.append(event)
            if case .failure = event { return found }
        }
    }
    return found
}
