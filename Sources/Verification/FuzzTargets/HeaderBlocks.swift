internal import HTTP2

/// Header blocks of several frames on their way to the session: the first byte chooses how the
/// input is cut into reads. However it is cut, the same goes on.
package func fuzzHeaderBlocks(_ input: UnsafeRawBufferPointer) {
    guard let choice = input.first else { return }
    let bytes = Array(input.dropFirst())
    let whole = passed(bytes, pieceBytes: max(bytes.count, 1))
    precondition(passed(bytes, pieceBytes: Int(choice) + 1) == whole, "cuts change nothing")
    precondition(whole.count <= bytes.count + 24 + bytes.count / 9 * 4200, "little is added")
}

private func passed(_ bytes: [UInt8], pieceBytes: Int) -> [UInt8] {
    var passage = HeaderBlockPassage(maximumBytes: 1 << 20, maximumFrames: 100)
    var output: [UInt8] = []
    let preface = [UInt8](repeating: 0, count: 24)
    preface.withUnsafeBytes { passage.pass($0) { output.append(contentsOf: $0) } }
    for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
        bytes[start..<min(start + pieceBytes, bytes.count)].withUnsafeBytes { piece in
            passage.pass(piece) { output.append(contentsOf: $0) }
        }
    }
    return output
}
