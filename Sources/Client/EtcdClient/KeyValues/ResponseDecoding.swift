internal import EtcdAPI

/// What a response is decoded with: the namespace, which is removed from keys, and a limit of the
/// nesting, so that no response exhausts the stack.
struct ResponseDecoding {
    private static let depthMax = 512

    let prefix: KeyPrefix
    private var depth = 0

    init(_ prefix: KeyPrefix) {
        self.prefix = prefix
    }

    /// For a message in another one.
    func nested() throws(WireError) -> ResponseDecoding {
        guard depth < Self.depthMax else { throw .nestedTooDeeply }
        var inner = self
        inner.depth += 1
        return inner
    }
}

/// A response of the key-value service, decoded in one pass without generated messages.
protocol DecodableResponse {
    init(from reader: inout WireReader, _ decoding: ResponseDecoding) throws(WireError)
}

extension DecodableResponse {
    init(_ bytes: [UInt8], _ prefix: KeyPrefix) throws(EtcdClientError) {
        do throws(WireError) {
            self = try bytes.withUnsafeBufferPointer { bytes throws(WireError) in
                var reader = WireReader(UnsafeRawBufferPointer(bytes))
                return try Self(from: &reader, ResponseDecoding(prefix))
            }
        } catch {
            throw .malformedResponse("\(error)")
        }
    }

    /// Reads a message field.
    static func nested(
        in reader: inout WireReader, _ decoding: ResponseDecoding
    ) throws(WireError) -> Self {
        var inner = WireReader(try reader.rawBytes())
        return try Self(from: &inner, try decoding.nested())
    }
}

extension KeyValuePair {
    static func nested(
        in reader: inout WireReader, _ decoding: ResponseDecoding
    ) throws(WireError) -> KeyValuePair {
        let pair: KeyValue = try reader.message()
        return KeyValuePair(pair, decoding.prefix)
    }
}

extension EtcdClient {
    /// Decodes bytes as each of the responses, for the fuzzer.
    package static func decode(response bytes: [UInt8]) {
        _ = try? PutResponse(bytes, KeyPrefix())
        _ = try? RangeResponse(bytes, KeyPrefix([1]))
        _ = try? DeleteResponse(bytes, KeyPrefix())
        _ = try? TransactionResponse(bytes, KeyPrefix())
        if let message = try? WatchMessage(bytes, KeyPrefix([1])) { _ = message.cancelError }
    }
}
