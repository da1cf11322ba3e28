internal import HTTP2

/// Feeds header blocks of several frames to the filter in front of the session. The first byte
/// chooses how the input is split into reads; the output must not depend on it.
package func fuzzHeaderBlocks(_ input: UnsafeRawBufferPointer) {
    guard let choice = input.first else { return }
    let bytes = Array(input.dropFirst())
    let whole = filtered(bytes, pieceBytes: max(bytes.count, 1))
    precondition(filtered(bytes, pieceBytes: Int(choice) + 1) == whole, "the split changes nothing")
    precondition(whole.count <= bytes.count + 24 + bytes.count / 9 * 4200, "little is added")
}

private func filtered(_ bytes: [UInt8], pieceBytes: Int) -> [UInt8] {
    var filter = HeaderBlockFilter(bytesMax: 1 << 20, framesMax: 100)
    var output: [UInt8] = []
    let preface = [UInt8](repeating: 0, count: 24)
    preface.withUnsafeBytes { filter.filter($0) { output.append(contentsOf: $0) } }
    for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
        bytes[start..<min(start + pieceBytes, bytes.count)].withUnsafeBytes { piece in
            filter.filter(piece) { output.append(contentsOf: $0) }
        }
    }
    return output
}
