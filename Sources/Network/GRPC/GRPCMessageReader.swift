/// Splits a byte stream into gRPC messages: a flag byte, a length of four bytes, the message.
/// Compressed messages are returned compressed, where the stream allows them.
///
/// Memory is allocated as bytes arrive, not by the announced length.
struct GRPCMessageReader {
    enum Step {
        case needsMore
        case message([UInt8])
        /// A compressed message.
        case compressed([UInt8])
        /// The length of a message, from a reader that keeps no messages.
        case counted(Int)
        case failed(GRPCStatus)
    }

    static let prefixBytes = 5
    private static let firstReserveBytes = 64 << 10

    private var prefix: UInt64 = 0
    private var prefixCount = 0
    private var expectedBytes = 0
    private var partial: [UInt8] = []
    private var countedBytes = 0
    private var isCompressed = false
    private let keepsMessages: Bool

    /// - Parameter keepsMessages: false to count bytes only.
    init(keepsMessages: Bool = true) {
        self.keepsMessages = keepsMessages
    }

    /// Memory of an incomplete message.
    var partialBytes: Int { partial.capacity }

    /// Whether a message is incomplete. A partial prefix does not count, as in grpc-go.
    var isInsideMessage: Bool { prefixCount == Self.prefixBytes }

    /// Reads the next message from `input`, which is advanced past the used bytes.
    ///
    /// - Parameter allowsCompressed: whether the stream's headers name a compression.
    mutating func next(
        _ input: inout UnsafeRawBufferPointer, bytesMax: Int, allowsCompressed: Bool = false
    ) -> Step {
        if prefixCount < Self.prefixBytes {
            readPrefix(&input)
            guard prefixCount == Self.prefixBytes else { return .needsMore }
            if let failure = checkPrefix(bytesMax, allowsCompressed) { return .failed(failure) }
        }
        guard keepsMessages else { return count(&input) }
        let missing = expectedBytes - partial.count
        guard input.count >= missing else {
            if partial.isEmpty { partial.reserveCapacity(min(missing, Self.firstReserveBytes)) }
            partial.append(contentsOf: input)
            input = UnsafeRawBufferPointer(rebasing: input[input.count...])
            return .needsMore
        }
        let last = UnsafeRawBufferPointer(rebasing: input[..<missing])
        input = UnsafeRawBufferPointer(rebasing: input[missing...])
        prefixCount = 0
        guard !partial.isEmpty else {
            return isCompressed ? .compressed([UInt8](last)) : .message([UInt8](last))
        }
        var message: [UInt8] = []
        swap(&message, &partial)
        message.append(contentsOf: last)
        return isCompressed ? .compressed(message) : .message(message)
    }

    private mutating func count(_ input: inout UnsafeRawBufferPointer) -> Step {
        let used = min(input.count, expectedBytes - countedBytes)
        input = UnsafeRawBufferPointer(rebasing: input[used...])
        countedBytes += used
        guard countedBytes == expectedBytes else { return .needsMore }
        prefixCount = 0
        countedBytes = 0
        return .counted(expectedBytes)
    }

    private mutating func readPrefix(_ input: inout UnsafeRawBufferPointer) {
        var used = 0
        while prefixCount < Self.prefixBytes, used < input.count {
            prefix = prefix << 8 | UInt64(input[used])
            prefixCount += 1
            used += 1
        }
        input = UnsafeRawBufferPointer(rebasing: input[used...])
    }

    private mutating func checkPrefix(_ bytesMax: Int, _ allowsCompressed: Bool) -> GRPCStatus? {
        let flag = prefix >> 32 & 0xFF
        expectedBytes = Int(prefix & 0xFFFF_FFFF)
        guard expectedBytes <= bytesMax else {
            return GRPCStatus(
                .resourceExhausted,
                "grpc: received message larger than max (\(expectedBytes) vs. \(bytesMax))")
        }
        isCompressed = flag == 1
        switch flag {
        case 0: return nil
        case 1 where allowsCompressed: return nil
        case 1:
            return GRPCStatus(
                .internal, "grpc: compressed flag set with identity or empty encoding")
        default:
            return GRPCStatus(.internal, "grpc: received unexpected payload format \(flag)")
        }
    }
}
