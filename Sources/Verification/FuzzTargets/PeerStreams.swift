import EtcdAPI
import Identifiers
internal import NIOCore
import PeerTransport

/// Decodes the input as each of the peer streams, once whole and once in pieces of the size that
/// its first byte gives. Both must end with the same frames and the same error, and decoded
/// messages must survive encoding and decoding.
package func fuzzPeerStreams(_ input: UnsafeRawBufferPointer) {
    guard let first = input.first else { return }
    let bytes = UnsafeRawBufferPointer(rebasing: input.dropFirst())
    let pieceBytes = Int(first % 16) + 1
    let append = {
        var decoder = AppendStreamDecoder(
            local: MemberID(1), remote: MemberID(2), bytesMax: 1 << 20)
        return StreamRun { piece in
            decoder.receive(piece)
        } next: {
            () throws(PeerWireError) in
            try decoder.next()
        }
    }
    let message = {
        var decoder = MessageStreamDecoder(bytesMax: 1 << 20)
        return StreamRun { piece in
            decoder.receive(piece)
        } next: {
            () throws(PeerWireError) in
            try decoder.next()
        }
    }
    for stream in [append, message] {
        let whole = stream().read(bytes, pieceBytes: max(bytes.count, 1))
        let pieces = stream().read(bytes, pieceBytes: pieceBytes)
        precondition(whole == pieces, "a stream does not depend on its pieces")
        checkReencoding(whole.frames)
    }
    fuzzSnapshotHead(bytes, pieceBytes: pieceBytes)
}

/// The result of reading a stream.
private struct StreamResult: Equatable {
    var frames: [PeerFrame] = []
    var error: PeerWireError?
}

/// One decoder as two functions.
private struct StreamRun {
    let receive: (UnsafeRawBufferPointer) -> Void
    let next: () throws(PeerWireError) -> PeerFrame?

    init(
        receive: @escaping (UnsafeRawBufferPointer) -> Void,
        next: @escaping () throws(PeerWireError) -> PeerFrame?
    ) {
        self.receive = receive
        self.next = next
    }

    func read(_ bytes: UnsafeRawBufferPointer, pieceBytes: Int) -> StreamResult {
        var result = StreamResult()
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            let end = min(start + pieceBytes, bytes.count)
            receive(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            do throws(PeerWireError) {
                while let frame = try next() { result.frames.append(frame) }
            } catch {
                result.error = error
                return result
            }
        }
        return result
    }
}

/// Encodes the frames as an append stream and decodes them again.
private func checkReencoding(_ frames: [PeerFrame]) {
    var encoder = AppendStreamEncoder()
    var decoder = AppendStreamDecoder(local: MemberID(1), remote: MemberID(2))
    for frame in frames {
        guard case .message(var message) = frame else { continue }
        // A continuation stands for an append between the two members without other fields, and
        // with consecutive entries.
        message = RaftMessage(
            type: .append, to: 1, from: 2, term: message.term, logTerm: message.logTerm,
            index: message.index, entries: message.entries, commit: message.commit)
        for index in message.entries.indices {
            message.entries[index].index = message.index &+ UInt64(index) &+ 1
        }
        var output = ByteBuffer()
        encoder.append(message, to: &output)
        decoder.receive(output)
        let again = try? decoder.next()
        precondition(again == .message(message), "a message survives")
    }
}

private func fuzzSnapshotHead(_ bytes: UnsafeRawBufferPointer, pieceBytes: Int) {
    var decoder = SnapshotHeadDecoder(bytesMax: 1 << 20)
    for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
        let end = min(start + pieceBytes, bytes.count)
        let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        guard let head = try? decoder.receive(ByteBuffer(bytes: piece)) else {
            if decoder.isComplete { return }
            continue
        }
        precondition(
            head.database.readableBytesView.elementsEqual(
                bytes[(end - head.database.readableBytes)..<end]),
            "the database begins where the head ends")
        return
    }
}
